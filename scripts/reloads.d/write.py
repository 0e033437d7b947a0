"""A configuration of many routes: `write.text(number, …)`, another one for each other number."""


def text(number, routes, port, admin_port, upstream_port, echo_port):
    lines = [f"""listeners: [{{ bind: "127.0.0.1:{port}" }}]
admin: {{ bind: "127.0.0.1:{admin_port}" }}
access_log: {{ path: off }}
upstreams:
  app: {{ targets: ["http://127.0.0.1:{upstream_port}"] }}
  echo: {{ targets: ["http://127.0.0.1:{echo_port}"] }}
routes:
  - {{ name: load, match: {{ path: /load }}, upstream: app }}
  - {{ name: ws, match: {{ path: /ws }}, upgrade: websocket, upstream: echo }}
  - {{ name: round, match: {{ path: "/round/{number % 2}" }}, upstream: app }}"""]
    lines += [
        f'  - {{ name: r{one}, match: {{ path: "/api/s{one}/{{id}}", methods: [GET] }}, limit: [{{ per: ip, rates: [100/minute] }}], upstream: app }}'
        for one in range(routes - 3)]
    return "\n".join(lines) + "\n"
