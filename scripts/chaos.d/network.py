"""Where the parts of the cluster live: in network namespaces of their own, with cables that can be pulled, or all on loopback.

The namespaces have no names: they and their cables are gone with the processes in them. Their making needs root and Linux."""

import os
import shutil
import subprocess
import sys

INSIDE = "SLUICE_CHAOS_INSIDE"


def is_possible():
    return os.geteuid() == 0 and all(map(shutil.which, ("ip", "unshare", "nsenter"))) and run("unshare --net ip link set lo up") is None


def enter():
    """Goes on with this program in a namespace of its own, in which everything else is made; only its loopback is up."""
    if INSIDE not in os.environ:
        os.environ[INSIDE] = "1"
        os.execvp("unshare", ["unshare", "--net", sys.executable, *sys.argv])
    run("ip link set lo up", check=True)


def run(command, check=False):
    """None, or what went wrong."""
    done = subprocess.run(command.split(), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
    if done.returncode and check:
        raise SystemExit(f"chaos: {command}: {done.stderr.strip()}")
    return done.stderr.strip() or "failed" if done.returncode else None


class Host:
    """A namespace with a cable to each of some switches."""

    def __init__(self, name, number, switches):
        self.name, self.addresses, self.cables = name, {}, {}
        self.holder = subprocess.Popen(["unshare", "--net", "sleep", "infinity"], stdin=subprocess.DEVNULL)
        # Until it has left the namespace that it was started in.
        here = os.readlink("/proc/self/ns/net")
        while os.readlink(f"/proc/{self.holder.pid}/ns/net") == here:
            pass
        self.inside = ["nsenter", f"--net=/proc/{self.holder.pid}/ns/net"]
        self._in("ip link set lo up")
        for switch in switches:
            self._connect(switch, number)

    def _in(self, command):
        run(" ".join(self.inside) + " " + command, check=True)

    def _connect(self, switch, number):
        near, far = f"{self.name}-{switch.name}", f"to-{switch.name}"
        self.addresses[switch.name] = f"{switch.prefix}.{number}"
        run(f"ip link add {near} type veth peer name {far}", check=True)
        run(f"ip link set {far} netns {self.holder.pid}", check=True)
        run(f"ip link set {near} up master {switch.bridge}", check=True)
        self._in(f"ip addr add {self.addresses[switch.name]}/24 dev {far}")
        self._in(f"ip link set {far} up")
        self.cables[switch.name] = (near, switch.bridge)

    def pull(self, *switches):
        """What is sent is lost, and nobody is told."""
        for switch in switches or self.cables:
            run(f"ip link set {self.cables[switch][0]} nomaster", check=True)

    def plug(self, *switches):
        for switch in switches or self.cables:
            near, bridge = self.cables[switch]
            run(f"ip link set {near} master {bridge}", check=True)

    def close(self):
        self.holder.kill()
        self.holder.wait()


class Switch:
    """A network to which hosts are connected; this namespace is its host number 1."""

    def __init__(self, name, prefix):
        self.name, self.prefix, self.bridge, self.address = name, prefix, f"br-{name}", f"{prefix}.1"
        run(f"ip link add {self.bridge} type bridge", check=True)
        run(f"ip addr add {self.address}/24 dev {self.bridge}", check=True)
        run(f"ip link set {self.bridge} up", check=True)


class Loopback:
    """The same without namespaces: everything at 127.0.0.1."""

    inside = []

    def __init__(self):
        self.addresses = {"front": "127.0.0.1", "back": "127.0.0.1"}

    def close(self):
        pass


class Network:
    """Redis is behind one switch, and all that answers requests behind another: either can be taken from a node."""

    def __init__(self, nodes, targets, has_namespaces):
        self.has_namespaces = has_namespaces
        if not has_namespaces:
            self.front = self.back = "127.0.0.1"
            self.nodes, self.targets = [Loopback() for _ in range(nodes)], [Loopback() for _ in range(targets)]
            return
        front, back = Switch("front", "10.99.1"), Switch("back", "10.99.2")
        self.front, self.back = front.address, back.address
        self.nodes = [Host(f"n{index + 1}", 10 + index, [front, back]) for index in range(nodes)]
        self.targets = [Host(f"t{index + 1}", 20 + index, [front]) for index in range(targets)]

    def close(self):
        for host in self.nodes + self.targets:
            host.close()
