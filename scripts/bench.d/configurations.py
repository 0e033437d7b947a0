"""What each contender is told: the same work, one worker each, as its own manual would have it."""

import atexit
import os
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent.parent
# Tokens a second, and in the bucket: never refusing, so that every request is decided and served.
LIMIT = 1000000
# What large bodies want from nginx: few large buffers, and no temporary files.
LARGE_BUFFERS = "proxy_buffer_size 64k; proxy_buffers 8 64k; proxy_busy_buffers_size 192k; proxy_max_temp_file_size 0;"
MODULES = "/usr/lib/nginx/modules"


def nginx(directory, http, modules=""):
    temporary = "".join(f"{kind}_temp_path {directory}/tmp; " for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    return f"""{modules}
daemon off; worker_processes 1; pid {directory}/nginx-%NAME%.pid; error_log stderr warn;
events {{ worker_connections 4096; accept_mutex off; }}
http {{
    {temporary}
    sendfile on; tcp_nopush on; tcp_nodelay on;
    keepalive_requests 1000000000; keepalive_timeout 600s;
    {http}
}}
"""


def origin(directory, port):
    """The upstream of all: nginx, one worker; the 1 KiB answer from memory, the 1 MiB file by sendfile."""
    answer = '{"id":7,"name":"' + "x" * (1024 - 18) + '"}'
    (directory / "www").mkdir(exist_ok=True)
    (directory / "www" / "1m").write_bytes(b"x" * 2**20)
    (directory / "www" / "64k").write_bytes(b"x" * 2**16)
    return nginx(directory, f"""
    access_log off; open_file_cache max=10 inactive=1h; open_file_cache_valid 1h;
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        location = /1k {{ default_type application/json; return 200 '{answer}'; }}
        location = /64k {{ default_type application/octet-stream; root {directory}/www; }}
        location ~ json$ {{ default_type application/json; root {directory}/www; }}
        location = /1m {{ default_type application/octet-stream; root {directory}/www; }}
    }}""")


def nginx_proxy(directory, port, origin_port, log=None, buffers="", lua="", shared=""):
    logging = "access_log off;"
    if log:
        logging = f"""log_format json escape=json '{{"time":"$time_iso8601","client":"$remote_addr","method":"$request_method",'
            '"path":"$request_uri","status":$status,"bytes":$body_bytes_sent,"seconds":$request_time,"id":"$request_id"}}';
        access_log {log} json buffer=64k flush=1s;"""
    modules = f"load_module {MODULES}/ndk_http_module.so; load_module {MODULES}/ngx_http_lua_module.so;" if lua else ""
    return nginx(directory, f"""{logging} {shared}
    upstream origin {{ server 127.0.0.1:{origin_port} max_fails=5 fail_timeout=30s; keepalive 128; keepalive_requests 1000000000; keepalive_timeout 600s; }}
    server {{
        listen 127.0.0.1:{port} backlog=1024;
        location / {{
            {lua}
            proxy_pass http://origin; proxy_http_version 1.1; {buffers}
            proxy_set_header Connection ""; proxy_set_header Host $http_host;
            proxy_set_header X-Forwarded-For $remote_addr; proxy_set_header X-Forwarded-Proto $scheme;
            proxy_set_header X-Forwarded-Host $http_host; proxy_set_header X-Request-ID $request_id;
        }}
    }}""", modules)


def nginx_cache(tmpfs):
    """A cache on tmpfs, in front of the same proxy: what nginx has that comes nearest to memory."""
    return {
        "shared": f"proxy_cache_path {tmpfs} levels=1:2 keys_zone=cached:64m max_size=2g inactive=1h use_temp_path=off; "
                  "open_file_cache max=20000 inactive=1h; open_file_cache_valid 1h;",
        # Else a hit of several writes waits for the client's delayed acknowledgement.
        "buffers": "tcp_nopush off; proxy_cache cached; proxy_cache_valid 200 5m; proxy_cache_lock on; add_header X-Cache $upstream_cache_status; "
                   "proxy_buffer_size 64k; proxy_buffers 8 64k; proxy_busy_buffers_size 192k; output_buffers 2 256k;",
    }


def nginx_limit(redis_port, secret=""):
    """The Lua of limits (with a secret: of tokens, two limits and metrics), as files that nginx's worker may read."""
    # Capacity and tokens a second: of the tenant's bucket, or of the consumer's and the route's.
    listed = ", ".join([f'"{LIMIT}", "{LIMIT}"'] * (2 if secret else 1))
    values = {"REDIS_PORT": str(redis_port), "SCRIPT": (HERE / "bucket.lua").read_text(), "ARGUMENTS": listed, "SECRET": secret}
    phases = [f"access_by_lua_file {readable((HERE / 'limit.lua').read_text(), values)};"]
    if secret:
        phases.append(f"log_by_lua_file {readable((HERE / 'metrics.lua').read_text(), {})};")
    return " ".join(phases)


def readable(source, values):
    for name, value in values.items():
        source = source.replace(f"%{name}%", value)
    handle, path = tempfile.mkstemp(prefix="sluice-bench-", suffix=".lua")
    atexit.register(os.unlink, path)
    with os.fdopen(handle, "w") as file:
        file.write(source)
    os.chmod(path, 0o644)
    return path


def haproxy(port, origin_port, logs=False):
    """`log stdout` writes a line for each request; HAProxy has no buffered file log."""
    logging = ("log stdout format raw local0 info", "option httplog") if logs else ("", "")
    return f"""
global
    nbthread 1
    maxconn 4000
    {logging[0]}
defaults
    mode http
    timeout connect 1s
    timeout client 600s
    timeout server 60s
    timeout http-keep-alive 600s
frontend public
    bind 127.0.0.1:{port} backlog 1024
    {"log global" if logs else "no log"}
    {logging[1]}
    http-request del-header X-Forwarded-For
    option forwardfor
    http-request set-header X-Forwarded-Proto http
    http-request set-header X-Forwarded-Host %[req.hdr(Host)]
    http-request set-header X-Request-ID %[uuid()]
    default_backend origin
backend origin
    http-reuse always
    server origin 127.0.0.1:{origin_port} pool-max-conn 256
"""


def sluice(port, admin_port, origin_port, log="off", redis_port=None, secret="", memory=None):
    """With `memory`: a cache of that size, and no limits."""
    state = f"state: {{ redis: 'redis://127.0.0.1:{redis_port}/0' }}" if redis_port else ""
    limit = f"limit: [{{ per: 'header:X-Tenant', rates: [{LIMIT}/second] }}]" if redis_port else ""
    authenticators = ""
    cache = ""
    if memory:
        cache, limit = f"cache: {{ memory: {memory} }}", "cache: { ttl: 5m, max_object: 2MiB }"
    if secret:
        authenticators = f"authenticators: {{ users: {{ jwt: {{ algorithms: [HS256], secret: '{secret}' }} }} }}"
        limit = f"auth: users\n    limit: [{{ per: consumer, rates: [{LIMIT}/second] }}, {{ per: route, rates: [{LIMIT}/second] }}]"
    return f"""
listeners: [{{ bind: '127.0.0.1:{port}' }}]
admin: {{ bind: '127.0.0.1:{admin_port}' }}
node: {{ id: bench }}
access_log: {{ path: '{log}' }}
{state}
{authenticators}
{cache}
upstreams:
  origin: {{ targets: [{{ url: 'http://127.0.0.1:{origin_port}' }}] }}
routes:
  - name: all
    match: {{ path: '/**' }}
    upstream: origin
    {limit}
"""
