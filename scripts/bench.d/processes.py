"""Processes under measurement: started on free ports, known with their children, measured through /proc."""

import os
import random
import socket
import subprocess
import time

TICK = os.sysconf("SC_CLK_TCK")
PAGE = os.sysconf("SC_PAGE_SIZE")


class Wrong(Exception):
    """Something that makes the measurement worthless; its text goes to the user."""


def free_port():
    """Below the range that the kernel takes client ports from, so that load does not run into it."""
    while True:
        port = random.randrange(20000, 32000)
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) != 0:
                return port


def stat(pid):
    """Fields 3 and up of /proc/PID/stat, or None when the process is gone."""
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(") ")[2].split()
    except OSError:
        return None


def high_water_kib(pid):
    try:
        with open(f"/proc/{pid}/status") as file:
            return next((int(line.split()[1]) for line in file if line.startswith("VmHWM:")), 0)
    except OSError:
        return 0


class Process:
    def __init__(self, directory, name, command, port, environment=None):
        self.name, self.port = name, port
        self.log = directory / f"{name}.log"
        with open(self.log, "ab") as log:
            # A session of its own: Ctrl-C reaches only us, and we stop it.
            self.child = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True,
                env={**os.environ, **(environment or {})})

    def await_port(self, seconds=10):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline and self.child.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return self
            time.sleep(0.05)
        raise Wrong(f"{self.name} does not listen on port {self.port}; the end of its log:\n" + self.log_end())

    def log_end(self):
        return "\n".join(self.log.read_text(errors="replace").splitlines()[-12:])

    def pids(self):
        """The process and its children (nginx: master and worker)."""
        family = [self.child.pid]
        for entry in os.listdir("/proc"):
            if entry.isdigit() and (fields := stat(entry)) and int(fields[1]) == self.child.pid:
                family.append(int(entry))
        return family

    def cpu_seconds(self):
        """User and system time of the family; 10 ms steps, so a few seconds of load give three digits."""
        return sum(int(fields[11]) + int(fields[12]) for fields in map(stat, self.pids()) if fields) / TICK

    def resident_mib(self):
        return sum(int(fields[21]) for fields in map(stat, self.pids()) if fields) * PAGE / 2**20

    def forget_peak(self):
        """From now on the peak is that of what comes (proc(5): clear_refs)."""
        for pid in self.pids():
            try:
                with open(f"/proc/{pid}/clear_refs", "w") as file:
                    file.write("5")
            except OSError:
                pass

    def peak_mib(self):
        """The most memory that was resident at once, of each process of the family: their sum (VmHWM)."""
        return sum(map(high_water_kib, self.pids())) / 2**10

    def stop(self):
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(5)
            except subprocess.TimeoutExpired:
                for pid in self.pids():
                    os.kill(pid, 9)
                self.child.wait()
