"""The load, with the headers a browser sends, and what it cost whom."""

import json
import re
import subprocess
import sys
from pathlib import Path

from processes import Wrong

HERE = Path(__file__).resolve().parent

# With Host, which wrk adds, ten headers; X-Tenant is whom the limit counts.
HEADERS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Accept": "application/json, text/plain, */*",
    "Accept-Language": "en-GB,en;q=0.8,de;q=0.5",
    "Accept-Encoding": "gzip, deflate, br",
    "Referer": "https://app.example.com/customers/7/orders?page=3",
    "Authorization": "Bearer " + "e30x" * 60,
    "Cookie": "session=8f4b1c0d9e6a4f7db2f9; theme=dark; consent=1",
    "X-Tenant": "acme",
    "Sec-Fetch-Mode": "cors",
}

# Each thread of wrk has a state of its own.
TARGETS = """
local threads = 0
function setup(thread) threads = threads + 1; thread:set("number", threads) end
function init() math.randomseed(os.time() * 10 + number); count, start = 0, os.time() .. "." .. number end
local path = "%PATH%"
function request() %TARGET%; return wrk.format("GET", target) end
"""

# wrk calls done() at the end.
SCRIPT = """
function done(summary, latency, requests)
    local e = summary.errors
    io.write(string.format('\\n{"requests":%d,"microseconds":%d,"p50":%d,"p99":%d,"failed":%d}\\n',
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
        e.connect + e.read + e.write + e.status + e.timeout))
end
"""


class Load:
    def __init__(self, directory, connections):
        self.connections = connections
        self.script = directory / "wrk.lua"

    def run(self, entrant, seconds, rate=None):
        """Loads an entrant for some seconds: with all it can take (wrk), or `rate` requests a second (pace.py)."""
        if entrant.proxy:
            if entrant.idle_mib is None:
                entrant.idle_mib = entrant.proxy.resident_mib()
            entrant.proxy.forget_peak()
        before, decided = self.costs(entrant), entrant.decisions()
        if rate:
            counted = self.paced(entrant, seconds, rate)
        elif entrant.wire in ("h2c", "grpc"):
            counted = self.multiplexed(entrant, seconds)
        else:
            counted = self.saturating(entrant, seconds)
        after = self.costs(entrant)
        requests = counted["requests"]
        if requests == 0:
            raise Wrong(f"{entrant.name} answered no request")
        if entrant.proxy and entrant.proxy.child.poll() is not None:
            raise Wrong(f"{entrant.name} ended under load; the end of its log:\n{entrant.proxy.log_end()}")
        spent = [(late - early) * 1e6 / requests for early, late in zip(before, after)]
        return {
            "cpu_us": spent[0] if entrant.proxy else None,
            "redis_us": spent[1] if entrant.redis else None,
            "redis_scripts": (entrant.decisions() - decided) / requests if entrant.redis else None,
            "rps": requests * 1e6 / counted["microseconds"],
            "p50_ms": counted["p50"] / 1000,
            "p99_ms": counted["p99"] / 1000,
            "rss_mib": entrant.proxy.resident_mib() if entrant.proxy else None,
            "peak_mib": entrant.proxy.peak_mib() if entrant.proxy else None,
            "grown_mib": entrant.proxy.peak_mib() - entrant.idle_mib if entrant.proxy else None,
            "requests": requests,
            "failed": counted["failed"],
        }

    def saturating(self, entrant, seconds):
        targets = TARGETS.replace("%PATH%", entrant.path).replace("%TARGET%", entrant.target) if entrant.target else ""
        self.script.write_text((entrant.callers.script if entrant.callers else "") + targets + SCRIPT)
        headers = [part for name, value in HEADERS.items() if name != "Authorization" or not entrant.is_cached
                   for part in ("-H", f"{name}: {value}")]
        if entrant.is_fresh:
            headers += ["-H", "Connection: close"]
        return self.output_of(["wrk", "-t2", f"-c{self.connections}", f"-d{seconds}s", "--timeout", "10s",
                               "-s", str(self.script), *headers, entrant.url])

    def multiplexed(self, entrant, seconds):
        """HTTP/2 by h2load, whose log has a line for each request: when it began, its status, and its microseconds."""
        log = self.script.with_name("h2load.log")
        log.unlink(missing_ok=True)
        headers = [part for name, value in HEADERS.items() for part in ("-H", f"{name}: {value}")]
        if entrant.message:
            headers = ["-H", "content-type: application/grpc", "-H", "te: trailers", "-d", str(entrant.message)]
        printed = subprocess.run(["h2load", "-t2", "-c16", "-m16", f"-D{seconds}", f"--log-file={log}", *headers, entrant.url],
                                 capture_output=True, text=True, start_new_session=True).stdout
        counts = re.search(r"(\d+) done, (\d+) succeeded, (\d+) failed, (\d+) errored", printed)
        if not counts or not log.exists():
            raise Wrong(f"h2load failed on {entrant.url}: {printed}")
        times = sorted(int(line.split()[2]) for line in log.read_text().splitlines())
        log.unlink()
        if not times:
            raise Wrong(f"{entrant.name} answered no request")
        refused = int(counts[1]) - int(counts[2])
        return {"requests": int(counts[2]), "microseconds": seconds * 1_000_000, "p50": times[len(times) // 2],
                "p99": times[len(times) * 99 // 100], "failed": refused}

    def paced(self, entrant, seconds, rate):
        lines = [f"GET {entrant.path} HTTP/1.1", f"Host: 127.0.0.1:{entrant.port}"]
        lines += [f"{name}: {value}" for name, value in HEADERS.items()]
        return self.output_of([sys.executable, str(HERE / "pace.py"), str(entrant.port), str(round(rate)), str(seconds),
                               str(self.connections)], "\r\n".join(lines) + "\r\n\r\n")

    @staticmethod
    def output_of(command, text=""):
        """The JSON at the end of what a load generator prints. In a session of its own: Ctrl-C reaches only us."""
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True, start_new_session=True) as child:
            try:
                printed, errors = child.communicate(text)
            except BaseException:
                child.kill()
                raise
        if child.returncode != 0 or "{" not in printed:
            raise Wrong(f"{command[0]} failed: {printed}{errors}")
        return json.loads(printed[printed.rindex("{"):])

    @staticmethod
    def costs(entrant):
        return [process.cpu_seconds() if process else 0 for process in (entrant.proxy, entrant.redis)]
