"""The load: wrk, with the headers a browser sends; and what it cost whom."""

import json
import math
import subprocess

from processes import Wrong

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

# wrk calls done() at the end, and delay() before each request of a connection: random pauses pace the load, and wrk
# starts a request's clock only after its pause.
SCRIPT = """
function done(summary, latency, requests)
    local e = summary.errors
    io.write(string.format('\\n{"requests":%%d,"microseconds":%%d,"p50":%%d,"p99":%%d,"failed":%%d}\\n',
        summary.requests, summary.duration, latency:percentile(50), latency:percentile(99),
        e.connect + e.read + e.write + e.status + e.timeout))
end
%s
"""
PAUSE = """
function init() math.randomseed(tonumber(tostring({}):sub(8)) or 1) end
function delay() return math.random(0, %d) end
"""


class Wrk:
    def __init__(self, directory, connections):
        self.directory, self.connections = directory, connections

    def run(self, entrant, seconds, rate=None):
        """Loads an entrant for some seconds; at about `rate` requests a second when given, else all it can take."""
        pause = PAUSE % math.ceil(2000 * self.connections / rate) if rate else ""
        script = self.directory / "wrk.lua"
        script.write_text(SCRIPT % pause)
        headers = [part for name, value in HEADERS.items() for part in ("-H", f"{name}: {value}")]
        command = ["wrk", "-t2", f"-c{self.connections}", f"-d{seconds}s", "--timeout", "10s", "-s", str(script), *headers, entrant.url]
        before = self.costs(entrant)
        done = subprocess.run(command, capture_output=True, text=True, start_new_session=True)
        after = self.costs(entrant)
        if done.returncode != 0 or "{" not in done.stdout:
            raise Wrong(f"wrk failed: {done.stdout}{done.stderr}")
        counted = json.loads(done.stdout[done.stdout.rindex("{"):])
        requests = counted["requests"]
        if requests == 0:
            raise Wrong(f"{entrant.name} answered no request")
        if entrant.proxy and entrant.proxy.child.poll() is not None:
            raise Wrong(f"{entrant.name} ended under load; the end of its log:\n{entrant.proxy.log_end()}")
        spent = [(late - early) * 1e6 / requests for early, late in zip(before, after)]
        return {
            "cpu_us": spent[0] if entrant.proxy else None,
            "redis_us": spent[1] if entrant.redis else None,
            "rps": requests * 1e6 / counted["microseconds"],
            "p50_ms": counted["p50"] / 1000,
            "p99_ms": counted["p99"] / 1000,
            "rss_mib": entrant.proxy.resident_mib() if entrant.proxy else None,
            "requests": requests,
            "failed": counted["failed"],
        }

    @staticmethod
    def costs(entrant):
        return [process.cpu_seconds() if process else 0 for process in (entrant.proxy, entrant.redis)]
