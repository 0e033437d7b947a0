"""The faults, each as its beginning and its end. A fault that kills a process may cost the requests in flight on it."""

from cluster import NODES, RATE


class Fault:
    def __init__(self, name, title, begin, end, forgets=0, alone=0, most_errors=0):
        self.name, self.title, self.begin, self.end = name, title, begin, end
        # How often Redis loses its memory, and with it a bucket; how many nodes may have to decide alone, each by its share
        # (STATE.md, promise 4); and errors that no gateway could keep from clients.
        self.forgets, self.alone, self.most_errors = forgets, alone, most_errors

    def allowance(self, seconds):
        """Tokens that may be admitted beyond capacity + rate × time while it lasts: buckets that Redis has lost, and the shares of
        nodes that decide alone: of the bucket, and, where others still have the whole, of the rate."""
        shares = RATE * self.alone / NODES
        return RATE * self.forgets + shares * (1 + (seconds if self.alone < NODES else 0))


def restart(part):
    part.start().await_ready()


def all_faults(cluster, redis_links, slow_target):
    parts, nodes, targets = cluster.parts, cluster.network.nodes, cluster.network.targets

    def set_delay(links, seconds):
        for link in links:
            link.delay = seconds

    partitions = []
    if cluster.network.has_namespaces:
        cut, mend = lambda: nodes[0].pull("back"), lambda: nodes[0].plug("back")
        partitions = [
            # It answers what it has, and nobody hears it: as with one that freezes, its requests in flight are lost.
            Fault("node-partition", "a node is cut off from everybody", nodes[2].pull, nodes[2].plug, alone=1, most_errors=40),
            Fault("target-partition", "a target of two is cut off", targets[0].pull, targets[0].plug),
        ]
    else:
        cut, mend = redis_links[0].cut, redis_links[0].mend
    return [
        Fault("node-kill", "a node is killed, and started again", parts["node2"].kill, lambda: restart(parts["node2"])),
        Fault("node-stop", "a node is stopped by SIGTERM, and started again", parts["node2"].terminate, lambda: restart(parts["node2"])),
        Fault("node-freeze", "a node freezes (SIGSTOP)", parts["node3"].stop, parts["node3"].go_on, most_errors=40),
        Fault("redis-kill", "Redis is killed, and started empty", parts["redis"].kill, lambda: restart(parts["redis"]), forgets=1, alone=NODES),
        Fault("redis-freeze", "Redis freezes (SIGSTOP)", parts["redis"].stop, parts["redis"].go_on, alone=NODES),
        Fault("redis-slow", "Redis is 80 ms away", lambda: set_delay(redis_links, 0.08), lambda: set_delay(redis_links, 0), alone=NODES),
        Fault("partition", "one node is cut off from Redis", cut, mend, alone=1),
        *partitions,
        Fault("target-kill", "a target of two is killed, and started again", parts["target1"].kill, lambda: restart(parts["target1"])),
        Fault("target-freeze", "a target of two freezes (SIGSTOP)", parts["target2"].stop, parts["target2"].go_on),
        Fault("target-slow", "a target of two is 200 ms slower", lambda: set_delay([slow_target], 0.1), lambda: set_delay([slow_target], 0)),
        # Nobody answers while the only balancer is away: its clients' errors are its own.
        Fault("balancer-kill", "the load balancer is killed, and started again", parts["balancer"].kill, lambda: restart(parts["balancer"]), most_errors=10**9),
    ]
