"""Prints a configuration of many routes; the argument makes it another one."""
import os
import sys

print(f"""listeners: [{{ bind: "127.0.0.1:{os.environ['port']}" }}]
admin: {{ bind: "127.0.0.1:{os.environ['admin_port']}" }}
access_log: {{ path: off }}
upstreams:
  app: {{ targets: ["http://127.0.0.1:{os.environ['upstream_port']}"] }}
routes:
  - {{ name: load, match: {{ path: /load }}, upstream: app }}
  - {{ name: round, match: {{ path: "/round/{int(sys.argv[1]) % 2}" }}, upstream: app }}""")
for number in range(int(os.environ["routes"]) - 2):
    print(
        f'  - {{ name: r{number}, match: {{ path: "/api/s{number}/{{id}}", methods: [GET] }},'
        f" limit: [{{ per: ip, rates: [100/minute] }}], upstream: app }}")
