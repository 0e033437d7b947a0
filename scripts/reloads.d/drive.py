"""Sends requests at a steady pace while the node is reloaded, and tells what came of it."""
import http.client
import os
import shutil
import sys
import threading
import time

from sockets import Sockets, start_server

PACE = 0.005
port, admin, echo, pid, routes, reloads = (int(os.environ[name]) for name in ("port", "admin_port", "echo_port", "pid", "routes", "reloads"))
directory = os.environ["directory"]


def resident():
    with open(f"/proc/{pid}/status") as lines:
        return next(int(line.split()[1]) for line in lines if line.startswith("VmRSS")) / 1024


class Load(threading.Thread):
    """One request each 5 ms; a late one is counted from when it was due."""

    def __init__(self):
        super().__init__()
        self.times, self.failed, self.done = [], 0, threading.Event()

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", port)
        due = time.perf_counter()
        while not self.done.is_set():
            due += PACE
            time.sleep(max(0, due - time.perf_counter()))
            try:
                connection.request("GET", "/load")
                response = connection.getresponse()
                response.read()
                self.failed += response.status != 200
            except OSError:
                self.failed += 1
                connection.close()
            self.times.append(time.perf_counter() - due)

    def finish(self):
        self.done.set()
        self.join()
        self.times.sort()
        return self

    def share(self, part):
        return self.times[min(len(self.times) - 1, int(len(self.times) * part))] * 1000

    def __str__(self):
        shares = "  ".join(f"p{name} {self.share(part):7.2f} ms" for name, part in (("50", 0.5), ("99", 0.99), ("99.9", 0.999)))
        return f"{len(self.times):7} requests  {self.failed} failed  {shares}"


def reload(number):
    """The file is replaced, as an editor or a deployment does."""
    os.replace(shutil.copy(f"{directory}/{number % 2}.yaml", f"{directory}/new.yaml"), f"{directory}/sluice.yaml")
    connection = http.client.HTTPConnection("127.0.0.1", admin, timeout=120)
    connection.request("POST", "/api/reload", headers={"Content-Type": "application/json"})
    return connection.getresponse().status == 200


def main():
    held = Sockets(port, 20)
    held.start()
    load = Load()
    load.start()
    time.sleep(10)
    print("without reloads", load.finish(), flush=True)
    load = Load()
    load.start()
    began, refused, marks = time.perf_counter(), 0, []
    for number in range(reloads):
        refused += not reload(number + 1)
        if (number + 1) % max(1, reloads // 10) == 0:
            marks.append(resident())
    took = time.perf_counter() - began
    print("with reloads   ", load.finish())
    print(held.finish())
    print(f"{reloads} reloads of {routes} routes in {took:.0f} s, {refused} refused")
    print("resident MiB   ", " ".join(f"{mark:.0f}" for mark in marks))
    growth = marks[-1] / marks[0] - 1
    print(f"growth {growth:+.1%} since the first tenth")
    sys.exit(bool(refused or load.failed or held.lost or growth > 0.1))


def await_ready():
    """Until the node answers."""
    for _ in range(1200):
        try:
            connection = http.client.HTTPConnection("127.0.0.1", admin, timeout=5)
            connection.request("GET", "/readyz")
            if connection.getresponse().status == 200:
                return
        except OSError:
            pass
        time.sleep(0.1)
    sys.exit("reloads: the node did not become ready")


start_server(echo)
await_ready()
main()
