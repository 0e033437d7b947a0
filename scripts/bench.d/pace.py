"""A paced load: requests leave at evenly spread random instants, whatever the answers do, and each is timed.

wrk and h2load can only pace in steps of a millisecond, so that requests leave in bursts and wait for each other; what
they then measure is their own burst. This loop spins instead, which costs it one core and limits it to some 15,000
requests a second.

    pace.py PORT RATE SECONDS CONNECTIONS < REQUEST     prints one line of JSON
"""

import gc
import json
import random
import select
import socket
import sys
import time


class Connection:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.setblocking(False)
        self.started = self.awaited = 0


def answer_length(port, request):
    """The size of one whole answer, learned from the first: every later one is as long."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as connection:
        connection.sendall(request)
        answer = b""
        while b"\r\n\r\n" not in answer:
            answer += connection.recv(65536)
    head = answer.partition(b"\r\n\r\n")[0].decode("latin-1").lower()
    length = next(line for line in head.split("\r\n") if line.startswith("content-length:"))
    return int(length.split(":")[1]), head.split()[1]


def pace(port, rate, seconds, connections, request):
    body, status = answer_length(port, request)
    if status != "200":
        return {"requests": 0, "failed": 1}
    pool = [Connection(port) for _ in range(connections)]
    by_descriptor = {connection.socket.fileno(): connection for connection in pool}
    poller = select.epoll()
    for descriptor in by_descriptor:
        poller.register(descriptor, select.EPOLLIN)
    readable = (poller.fileno(),)
    free, times, failed, held = list(pool), [], 0, False
    clock, gap = time.perf_counter, 2 / rate
    gc.disable()
    begun = clock()
    due, last = begun, begun + seconds
    while due < last or len(free) + failed < connections:
        now = clock()
        if now > last + 5 or failed == connections:
            break
        while due <= now and due < last:
            if not free:
                held = True
                break
            connection = free.pop()
            connection.awaited = 0
            # A request held back by a lack of free connections is late since it was due.
            connection.started = due if held else clock()
            connection.socket.send(request)
            held = False
            due += random.random() * gap
        # epoll waits in milliseconds, select() in microseconds.
        wait = (due if due < last else last + 5) - clock() if free else 0.001
        if wait > 0:
            select.select(readable, (), (), wait)
        for descriptor, _ in poller.poll(0):
            connection = by_descriptor[descriptor]
            try:
                data = connection.socket.recv(65536)
            except OSError:
                data = b""
            if not data:
                failed += 1
                poller.unregister(descriptor)
                continue
            if connection.awaited == 0:
                if not data.startswith(b"HTTP/1.1 200"):
                    failed += 1
                    poller.unregister(descriptor)
                    continue
                connection.awaited = data.index(b"\r\n\r\n") + 4 + body
            connection.awaited -= len(data)
            if connection.awaited == 0:
                times.append(clock() - connection.started)
                free.append(connection)
    elapsed = clock() - begun
    times.sort()
    micros = [round(times[int(len(times) * share)] * 1e6) for share in (0.5, 0.99)] if times else [0, 0]
    return {"requests": len(times), "microseconds": round(elapsed * 1e6), "p50": micros[0], "p99": micros[1], "failed": failed}


if __name__ == "__main__":
    port, rate, seconds, connections = (int(argument) for argument in sys.argv[1:5])
    print(json.dumps(pace(port, rate, seconds, connections, sys.stdin.buffer.read())))
