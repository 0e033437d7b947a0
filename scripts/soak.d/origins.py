"""The upstreams of a soak: `origins.py SINK FAILING`, two ports. The sink takes uploads (some of them slowly) and gives large
answers; the other one fails in every way there is."""

import itertools
import socket
import sys
import threading
import time

BLOCK = b"x" * 65536
PIECE = 262144


def read_head(connection):
    data = b""
    while b"\r\n\r\n" not in data:
        more = connection.recv(65536)
        if not more:
            return None, b""
        data += more
    head, _, rest = data.partition(b"\r\n\r\n")
    return head, rest


def length_of(head):
    for line in head.split(b"\r\n")[1:]:
        name, _, value = line.partition(b":")
        if name.lower() == b"content-length":
            return int(value)
    return 0


def sink(connection, number):
    buffer = bytearray(PIECE)
    while True:
        head, rest = read_head(connection)
        if head is None:
            return
        path = head.split(b" ")[1]
        left = length_of(head) - len(rest)
        # Every fifth connection's server is slow to take what it is sent.
        pause = 0.02 if number % 5 == 0 else 0
        while left > 0:
            count = connection.recv_into(buffer, min(left, PIECE))
            if not count:
                return
            left -= count
            if pause:
                time.sleep(pause)
        if path == b"/large":
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (64 << 20))
            for _ in range((64 << 20) // len(BLOCK)):
                connection.sendall(BLOCK)
        else:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1024\r\n\r\n" + BLOCK[:1024])


def failing(connection, number):
    while True:
        head, _ = read_head(connection)
        if head is None:
            return
        kind = number % 6
        number += 1
        if kind == 0:
            connection.sendall(b"HTTP/1.1 503 No\r\nContent-Length: 0\r\n\r\n")
        elif kind == 1:
            return
        elif kind == 2:
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n" + BLOCK)
            return
        elif kind == 3:
            connection.sendall(b"nonsense\r\n\r\n")
            return
        elif kind == 4:
            time.sleep(3)
            return
        else:
            connection.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\nzz\r\n")
            return


def serve(port, script):
    listener = socket.create_server(("127.0.0.1", port), backlog=1024)

    def one(connection, number):
        with connection:
            try:
                script(connection, number)
            except OSError:
                pass

    for number in itertools.count(1):
        connection, _ = listener.accept()
        threading.Thread(target=one, args=(connection, number), daemon=True).start()


if __name__ == "__main__":
    threading.Thread(target=serve, args=(int(sys.argv[2]), failing), daemon=True).start()
    serve(int(sys.argv[1]), sink)
