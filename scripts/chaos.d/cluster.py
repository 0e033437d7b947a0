"""The cluster under test: Redis, three nodes, two targets of one upstream, HAProxy in front, all on free ports."""

import os
import re
import signal
import socket
import subprocess
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
NODES = 3
# The judged limit: tokens a second, and in the bucket.
RATE = 50

CONFIGURATION = """
listeners: [{{ bind: "{host}:{port}" }}]
admin: {{ bind: "{host}:{admin}", token: chaos }}
node: {{ id: node{number} }}
trusted_proxies: [127.0.0.0/8, 10.99.0.0/16]
access_log: {{ path: off }}
drain: 5s
state: {{ redis: "redis://{redis}/0", namespace: chaos }}
upstreams:
  service:
    targets: [{targets}]
    timeout: 500ms
    connect_timeout: 300ms
    retries: {{ attempts: 2, on: [connect, reset, timeout], budget: 50% }}
    outlier: {{ failures: 3, eject: 5s }}
routes:
  - {{ name: free, match: {{ path: /free/** }}, upstream: service }}
  - {{ name: judged, match: {{ path: /judged/** }}, upstream: service, limit: [{{ per: route, rates: [{rate}/second] }}] }}
"""


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Part:
    """A process that is killed, stopped and started again, always at the same port."""

    def __init__(self, name, command, directory, is_ready):
        self.name, self.command, self.log, self.is_ready = name, command, directory / f"{name}.log", is_ready
        self.child = None

    def start(self):
        with open(self.log, "ab") as log:
            self.child = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        return self

    def await_ready(self, seconds=20):
        deadline = time.monotonic() + seconds
        while not self.is_ready():
            if self.child.poll() is not None or time.monotonic() > deadline:
                raise SystemExit(f"chaos: {self.name} did not become ready; the end of its log:\n"
                                 + "\n".join(self.log.read_text(errors="replace").splitlines()[-10:]))
            time.sleep(0.05)
        return self

    def signal(self, number):
        if self.child and self.child.poll() is None:
            os.killpg(self.child.pid, number)

    def kill(self):
        self.signal(signal.SIGKILL)
        self.child.wait()

    def terminate(self):
        self.signal(signal.SIGTERM)

    def stop(self):
        self.signal(signal.SIGSTOP)

    def go_on(self):
        self.signal(signal.SIGCONT)


def answers(host, port, path="/"):
    try:
        with urllib.request.urlopen(f"http://{host}:{port}{path}", timeout=1) as response:
            return response.status == 200
    except OSError:
        return False


def pings(port):
    done = subprocess.run(["redis-cli", "-p", str(port), "ping"], capture_output=True, text=True)
    return done.stdout.strip() == "PONG"


class Cluster:
    def __init__(self, directory, binary, demo, network):
        self.directory, self.binary, self.demo, self.network = directory, binary, demo, network
        self.parts, self.links = {}, []
        self.redis_port, self.balancer_port = free_port(), free_port()
        self.target_ports = [free_port(), free_port()]
        self.ports, self.admin_ports = ([free_port() for _ in range(NODES)] for _ in range(2))

    def start_services(self):
        """What links lead to has to be there first."""
        self._start("redis", ["redis-server", "--port", str(self.redis_port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.directory)],
                    lambda: pings(self.redis_port))
        for index, (host, port) in enumerate(self.targets()):
            self._start(f"target{index + 1}", self.network.targets[index].inside + [self.demo, "--host", host, "--port", str(port)],
                        lambda host=host, port=port: answers(host, port))

    def targets(self):
        return [(host.addresses["front"], port) for host, port in zip(self.network.targets, self.target_ports)]

    def start_nodes(self, redis_links, targets):
        """`targets` are the hosts and ports at which the nodes find them."""
        self.links = redis_links
        for index in range(NODES):
            host = self.network.nodes[index]
            text = CONFIGURATION.format(
                host=host.addresses["front"], port=self.ports[index], admin=self.admin_ports[index], number=index + 1,
                redis=f"{redis_links[index].host}:{redis_links[index].port}", rate=RATE,
                targets=", ".join(f"'http://{target}:{port}'" for target, port in targets))
            file = self.directory / f"node{index + 1}.yaml"
            file.write_text(text)
            self._start(f"node{index + 1}", host.inside + [self.binary, "run", "--config", str(file), "--workers", "1"],
                        lambda index=index: answers(self.network.nodes[index].addresses["front"], self.admin_ports[index], "/readyz"), wait=False)

    def await_nodes(self):
        for index in range(NODES):
            self.parts[f"node{index + 1}"].await_ready()

    def start_balancer(self):
        text = (ROOT / "deploy/haproxy/sluice.cfg").read_text().replace("bind :8080", f"bind 127.0.0.1:{self.balancer_port}")
        for index in range(NODES):
            text = text.replace(f"127.0.0.1:{8081 + index} port {9901 + index}", f"{self.network.nodes[index].addresses['front']}:{self.ports[index]} port {self.admin_ports[index]}")
        file = self.directory / "haproxy.cfg"
        file.write_text(re.sub(r"\n    option httplog", "", text))
        self._start("balancer", ["haproxy", "-db", "-f", str(file)], lambda: answers("127.0.0.1", self.balancer_port, "/free/ready"))

    def _start(self, name, command, is_ready, wait=True):
        part = self.parts[name] = Part(name, command, self.directory, is_ready).start()
        return part.await_ready() if wait else part

    def close(self):
        for part in reversed(self.parts.values()):
            part.go_on()
            part.terminate()
        for part in self.parts.values():
            try:
                part.child.wait(8)
            except subprocess.TimeoutExpired:
                part.kill()
