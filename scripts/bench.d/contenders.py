"""Who takes part in which scenario, and how each is started."""

import os
import re
import shutil
import subprocess
import tempfile
import urllib.request

import bodies
import callers
import configurations
import envoy
import fronts
from processes import Process, Wrong, free_port

__all__ = ["Arena", "Wrong"]


ANY_KEY = "local target = path .. '?n=' .. math.random(10000)"
NEW_KEY = "count = count + 1; local target = path .. '?n=' .. start .. '-' .. count"
# Path, what makes each request's target, Sluice's memory beside Redis, and whether only that is of interest.
CACHED = {
    "hit1k": ("/1k", None, "256MiB", False),
    "hit64k": ("/64k", None, "256MiB", False),
    "hit1m": ("/1m", None, "256MiB", False),
    "keys": ("/1k", ANY_KEY, "256MiB", False),
    "shared": ("/1k", ANY_KEY, "1MiB", True),
    "miss": ("/1k", NEW_KEY, "256MiB", False),
}


class Entrant:
    """One contender in one scenario: a port to load, the processes that do its work."""

    def __init__(self, name, port, path, proxy=None, redis=None, callers=None, target=None):
        self.name, self.proxy, self.redis, self.callers = name, proxy, redis, callers
        self.port, self.path = port, path
        self.family = next((family for family in ("nginx", "sluice") if name.startswith(family)), name)
        self.url = f"http://127.0.0.1:{port}{path}"
        self.size = {"/1m": 2**20, "/64k": 2**16}.get(path, 1024)
        # A line of Lua that makes each request's target; nil: always the path.
        self.target = target
        # Without a token, which would forbid a shared cache to keep the response (RFC 9111, section 3.5).
        self.is_cached = False
        # Bytes of each request's body, for gRPC.
        self.message = None
        # Memory before any load.
        self.idle_mib = None
        # The protocol of the client's side, and whether each request has a connection of its own.
        self.wire, self.is_fresh = None, False

    def check(self):
        """One request, answered in full, or the figures would be those of an error page."""
        if self.wire:
            return self.check_front()
        request = urllib.request.Request(self.url, headers={"X-Tenant": "acme"})
        if self.callers:
            request.add_header("Authorization", f"Bearer {self.callers.token(0)}")
        try:
            with urllib.request.urlopen(request, timeout=10) as response:
                length = len(response.read())
        except OSError as error:
            raise Wrong(f"{self.name} answers {self.url} with {error}" + (f":\n{self.proxy.log_end()}" if self.proxy else ""))
        if length != self.size:
            raise Wrong(f"{self.name} answers {length} bytes at {self.url}, expected {self.size}")
        if self.redis and self.decisions() == 0:
            raise Wrong(f"{self.name} answered {self.url} without asking Redis, so its limit is not shared")

    def front(self, wire, is_fresh):
        self.wire, self.is_fresh = wire, is_fresh
        if wire == "tls":
            self.url = self.url.replace("http:", "https:")

    def check_front(self):
        if self.wire == "grpc":
            return self.check_call()
        spoken = ["--http2-prior-knowledge"] if self.wire == "h2c" else ["--http1.1", "--tlsv1.3", "-k"]
        answer = subprocess.run(["curl", "-s", "-o", os.devnull, "-w", "%{http_code} %{http_version} %{size_download}", *spoken, self.url],
                                capture_output=True, text=True).stdout
        expected = f"200 {'2' if self.wire == 'h2c' else '1.1'} {self.size}"
        if answer != expected:
            raise Wrong(f"{self.name} answers {self.url} with {answer}, expected {expected}")

    def check_call(self):
        """A call that succeeded says so in its trailers."""
        printed = subprocess.run(["nghttp", "-v", "-H", "content-type: application/grpc", "-H", "te: trailers", "-d", str(self.message), self.url],
                                 capture_output=True, text=True, errors="replace").stdout
        if "grpc-status: 0" not in printed:
            raise Wrong(f"{self.name} answers a call at {self.url} without grpc-status 0:\n{printed[-1000:]}")

    def decisions(self):
        """Scripts that Redis has run for this contender."""
        if not self.redis:
            return 0
        info = subprocess.run(["redis-cli", "-p", str(self.redis.port), "info", "commandstats"], capture_output=True, text=True).stdout
        return sum(int(calls) for calls in re.findall(r"cmdstat_(?:eval|evalsha|fcall):calls=(\d+)", info))


class Arena:
    """The origin and the contenders of the scenario at hand."""

    def __init__(self, directory, binary):
        self.directory, self.binary = directory, binary
        (directory / "tmp").mkdir()
        (directory / "www").mkdir()
        bodies.write(directory / "www")
        self.running, self.folders, self.origin_port, self.origin = [], [], free_port(), None
        self.origin = self.nginx("origin", self.origin_port, configurations.origin(directory, self.origin_port))
        self.running.remove(self.origin)

    def entrants(self, scenario):
        if scenario in CACHED:
            return self.cached(*CACHED[scenario])
        if scenario == "beside":
            return self.beside()
        if scenario in bodies.SCENARIOS:
            return self.reshaped(bodies.SCENARIOS[scenario])
        if scenario in fronts.SCENARIOS:
            return self.fronted(*fronts.SCENARIOS[scenario])
        path = "/1m" if scenario == "1m" else "/1k"
        if scenario == "telemetry":
            return self.telling(path)
        if scenario == "limits":
            return self.limited(path)
        if scenario in callers.SCENARIOS:
            return self.limited(path, callers.Callers(self.directory, *callers.SCENARIOS[scenario]))
        logs = scenario == "logged"
        entrants = [Entrant("direct", self.origin_port, path)]
        entrants.append(self.nginx_proxy("nginx", path, log=f"{self.directory}/nginx-access.log" if logs else None))
        if scenario == "1m":
            # Its defaults (4 KiB buffers, temporary files) are not all it can do.
            entrants.append(self.nginx_proxy("nginx64k", path, buffers=configurations.LARGE_BUFFERS))
        port = free_port()
        file = self.write("haproxy.cfg", configurations.haproxy(port, self.origin_port, logs))
        entrants.append(Entrant("haproxy", port, path, self.launch("haproxy", ["haproxy", "-db", "-f", file], port)))
        if self.binary:
            entrants.append(self.sluice(path, f"{self.directory}/sluice-access.log" if logs else "off"))
        return entrants

    def telling(self, path):
        """Sluice against itself: what it takes to count requests and to log them, each a line."""
        if not self.binary:
            raise Wrong("telemetry compares Sluice with itself, so it can't be left out")
        entrants = []
        for name, counts, logs in (("bare", "off", False), ("count", "on", False), ("log", "off", True), ("both", "on", True)):
            log = f"{self.directory}/sluice-{name}.log" if logs else "off"
            change = lambda text, counts=counts: text + f"\ntelemetry: {{ metrics: {counts} }}\n"
            entrants.append(self.sluice(path, log, name=f"sluice-{name}", change=change))
        return entrants

    def fronted(self, wire, is_fresh):
        files = fronts.certificate(self.directory)
        is_grpc = wire == "grpc"
        origin_port, path = (self.grpc_origin(), "/bench.Echo/Call") if is_grpc else (self.origin_port, "/1k")
        port = free_port()
        text = fronts.nginx(configurations.nginx_proxy(self.directory, port, origin_port), wire, files)
        entrants = [Entrant("nginx", port, path, self.nginx("nginx", port, text))]
        port = free_port()
        file = self.write("haproxy.cfg", fronts.haproxy(configurations.haproxy(port, origin_port), wire, files))
        entrants.append(Entrant("haproxy", port, path, self.launch("haproxy", ["haproxy", "-db", "-f", file], port)))
        if wire != "tls" and (binary := envoy.executable()):
            port = free_port()
            file = self.write("envoy.yaml", envoy.configuration(port, origin_port, is_grpc))
            command = [binary, "--config-path", file, "--concurrency", "1", "--base-id", str(port), "--log-level", "error"]
            entrants.append(Entrant("envoy", port, path, self.launch("envoy", command, port)))
        if self.binary:
            entrants.append(self.sluice(path, "off", origin_port=origin_port, change=lambda text: fronts.sluice(text, wire, files)))
        for entrant in entrants:
            entrant.front(wire, is_fresh)
            if is_grpc:
                # A frame of gRPC with an empty message: uncompressed, length 0.
                entrant.message = self.directory / "message"
                entrant.message.write_bytes(bytes(5))
        return entrants

    def grpc_origin(self):
        port = free_port()
        self.launch("grpc-origin", ["/usr/bin/python3", str(configurations.HERE / "grpc_origin.py"), str(port)], port)
        return port

    def beside(self):
        """The plain one of two routes, on two nodes: one's other route changes whatever can be changed."""
        if not self.binary:
            raise Wrong("beside compares Sluice with itself, so it can't be left out")
        return [self.sluice("/1k", "off", name="sluice-bare", change=bodies.beside),
                self.sluice("/1k", "off", name="sluice-beside", change=lambda text: bodies.beside(text, changes=True))]

    def reshaped(self, path):
        entrants = [self.nginx_proxy("nginx+lua", path, **bodies.nginx())]
        if self.binary:
            entrants.append(self.sluice(path, "off", change=bodies.sluice))
        for entrant in entrants:
            entrant.size = (self.directory / "www" / path[1:]).stat().st_size
        return entrants

    def limited(self, path, callers=None):
        """Each with a Redis of its own, so that its time is theirs. With callers: tokens, two limits and metrics, too."""
        redis = self.redis("redis-nginx")
        secret = callers.secret if callers else ""
        settings = {"lua": configurations.nginx_limit(redis.port, secret), "shared": "lua_shared_dict counts 1m;" if callers else ""}
        entrants = [self.nginx_proxy("nginx+lua", path, redis, callers, **settings)]
        if self.binary:
            entrants.append(self.sluice(path, "off", self.redis("redis-sluice"), callers))
        return entrants

    def cached(self, path, target, memory, shares):
        """nginx's cache on tmpfs, Sluice's in memory, and Sluice's in memory and in Redis."""
        tmpfs = tempfile.mkdtemp(prefix="sluice-bench-", dir="/dev/shm")
        # nginx's worker is another user.
        os.chmod(tmpfs, 0o777)
        self.folders.append(tmpfs)
        entrants = [self.nginx_proxy("nginx", path, target=target, **configurations.nginx_cache(tmpfs))]
        if self.binary:
            if not shares:
                entrants.append(self.sluice(path, "off", memory="256MiB", target=target))
            entrants.append(self.sluice(path, "off", self.redis("redis-sluice"), memory=memory, target=target,
                                        name="sluice+redis"))
        for entrant in entrants:
            entrant.is_cached = True
        return entrants

    def nginx_proxy(self, name, path, redis=None, callers=None, target=None, **settings):
        port = free_port()
        text = configurations.nginx_proxy(self.directory, port, self.origin_port, **settings)
        return Entrant(name, port, path, self.nginx(name, port, text), redis, callers, target)

    def sluice(self, path, log, redis=None, callers=None, memory=None, target=None, name="sluice", change=None,
               origin_port=None):
        port, admin_port = free_port(), free_port()
        text = configurations.sluice(
            port, admin_port, origin_port or self.origin_port, log, redis.port if redis else None, callers.secret if callers else "", memory)
        text = change(text) if change else text
        command = [self.binary, "run", "--config", self.write(f"{name}.yaml", text)]
        usage = subprocess.run([self.binary, "run", "--help"], capture_output=True, text=True).stdout
        if "--workers" in usage:
            command += ["--workers", "1"]
        process = self.launch(name, command, port, {"SLUICE_WORKERS": "1"})
        return Entrant(name, port, path, process, redis, callers, target)

    def redis(self, name):
        port = free_port()
        return self.launch(name, ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "",
                                  "--appendonly", "no", "--dir", str(self.directory)], port)

    def nginx(self, name, port, text):
        file = self.write(f"{name}.conf", text.replace("%NAME%", name))
        return self.launch(name, ["nginx", "-p", str(self.directory), "-e", "stderr", "-c", file], port)

    def launch(self, name, command, port, environment=None):
        process = Process(self.directory, name, command, port, environment)
        self.running.append(process)
        return process.await_port()

    def write(self, name, text):
        (self.directory / name).write_text(text)
        return str(self.directory / name)

    def clear(self):
        """Ends the contenders of a scenario; the origin stays."""
        for process in reversed(self.running):
            process.stop()
        self.running = []
        for folder in self.folders:
            shutil.rmtree(folder, ignore_errors=True)
        self.folders = []

    def close(self):
        self.clear()
        if self.origin:
            self.origin.stop()
