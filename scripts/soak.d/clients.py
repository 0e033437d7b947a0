"""The clients of a soak, each a thread of its own that goes on until it is told to stop; idle ones need none."""

import socket
import threading
import time

BLOCK = b"u" * 262144


class Tally:
    """What the clients have seen, by name."""

    def __init__(self):
        self._lock = threading.Lock()
        self._counts = {}

    def add(self, name, count=1):
        with self._lock:
            self._counts[name] = self._counts.get(name, 0) + count

    def __getitem__(self, name):
        with self._lock:
            return self._counts.get(name, 0)


def connect(port, receive_buffer=None):
    connection = socket.socket()
    if receive_buffer:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
    connection.settimeout(120)
    connection.connect(("127.0.0.1", port))
    return connection


def read_response(connection):
    """Its status, once all of it is here; 0 if it is cut off."""
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return 0
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    left = None
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            left = int(value) - len(rest)
    if left is None:
        # In chunks: these clients close after it.
        while connection.recv(65536):
            pass
        return 0
    while left > 0:
        more = connection.recv(min(left, 262144))
        if not more:
            return 0
        left -= len(more)
    return int(head.split(b" ")[1])


def upload(port, tally, done, size):
    with connect(port) as connection:
        connection.sendall(b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % size)
        left = size
        while left > 0 and not done.is_set():
            count = min(left, len(BLOCK))
            connection.sendall(BLOCK[:count])
            left -= count
            tally.add("uploaded", count)
        if left == 0:
            tally.add("uploads" if read_response(connection) == 200 else "failed uploads")


def read_slowly(port, tally, done):
    """64 KiB a second of 64 MiB, and then away."""
    with connect(port, receive_buffer=16384) as connection:
        connection.sendall(b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n")
        for _ in range(120):
            if done.wait(0.25) or not connection.recv(16384):
                break
    tally.add("slow reads")


def write_slowly(port, tally, done):
    """1 KiB four times a second; half of them leave in the middle."""
    with connect(port) as connection:
        connection.sendall(b"POST /upload HTTP/1.1\r\nHost: a\r\nContent-Length: 65536\r\n\r\n")
        for _ in range(64 if id(connection) % 2 else 32):
            if done.wait(0.25):
                return
            connection.sendall(BLOCK[:1024])
        tally.add("slow writes")


def ask(port, tally, done):
    """Ordinary requests, and those that fail, over a connection that is kept."""
    with connect(port) as connection:
        for number in range(400):
            if done.wait(0.01):
                return
            path = b"/failing/x" if number % 4 == 3 else b"/small/%d" % (number % 50)
            connection.sendall(b"GET %s HTTP/1.1\r\nHost: a\r\n\r\n" % path)
            status = read_response(connection)
            tally.add(f"{status // 100}xx" if status else "cut off")
            if not status:
                return


def rest(port, tally, done, count):
    """Opens connections, has each serve once, and leaves them alone; opens again what was closed."""
    held = []
    while not done.is_set():
        while len(held) < count and not done.is_set():
            connection = connect(port)
            connection.sendall(b"GET /small/idle HTTP/1.1\r\nHost: a\r\n\r\n")
            read_response(connection)
            connection.setblocking(False)
            held.append(connection)
            tally.add("idle opened")
        done.wait(5)
        alive = []
        for connection in held:
            try:
                if connection.recv(1) == b"":
                    connection.close()
                    continue
            except BlockingIOError:
                pass
            except OSError:
                connection.close()
                continue
            alive.append(connection)
        held = alive


def start(chosen, port, tally, done):
    def forever(task, *further):
        while not done.is_set():
            try:
                task(port, tally, done, *further)
            except OSError:
                tally.add("broken off")
                time.sleep(0.2)

    work = [(upload, chosen.size << 20)] * chosen.uploads + [(read_slowly,)] * chosen.slow
    work += [(write_slowly,)] * chosen.slow + [(ask,)] * 8 + [(rest, chosen.idle)]
    for task in work:
        threading.Thread(target=forever, args=task, daemon=True).start()
