"""WebSockets that stay open while the node is reloaded: an echoing server, and clients that count what comes back."""
import base64
import hashlib
import os
import socket
import struct
import threading

GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


def read(connection, count):
    data = b""
    while len(data) < count:
        more = connection.recv(count - len(data))
        if not more:
            raise EOFError
        data += more
    return data


def read_head(connection):
    data = b""
    while not data.endswith(b"\r\n\r\n"):
        data += read(connection, 1)
    return data


def read_frame(connection):
    """The payload of a frame of less than 126 bytes."""
    _, length = read(connection, 2)
    mask = read(connection, 4) if length & 0x80 else bytes(4)
    return bytes(byte ^ mask[index % 4] for index, byte in enumerate(read(connection, length & 0x7F)))


def serve(connection):
    try:
        head = read_head(connection)
        key = next(line.split(b":")[1].strip() for line in head.split(b"\r\n") if line.lower().startswith(b"sec-websocket-key:"))
        accept = base64.b64encode(hashlib.sha1(key + GUID).digest())
        connection.sendall(b"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: " + accept + b"\r\n\r\n")
        while True:
            payload = read_frame(connection)
            connection.sendall(bytes([0x82, len(payload)]) + payload)
    except (OSError, EOFError):
        connection.close()


def start_server(port):
    listener = socket.create_server(("127.0.0.1", port))

    def accept():
        while True:
            threading.Thread(target=serve, args=(listener.accept()[0],), daemon=True).start()

    threading.Thread(target=accept, daemon=True).start()


class Sockets(threading.Thread):
    """Each of `count` sends a message a second, all apart, and waits for it to come back."""

    def __init__(self, port, count):
        super().__init__(daemon=True)
        self.echoed, self.lost, self.done = 0, 0, threading.Event()
        self.open = [self.connect(port) for _ in range(count)]

    @staticmethod
    def connect(port):
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        key = base64.b64encode(os.urandom(16)).decode()
        connection.sendall(f"GET /ws HTTP/1.1\r\nHost: reloads.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                           f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {key}\r\n\r\n".encode())
        head = read_head(connection)
        if not head.startswith(b"HTTP/1.1 101 "):
            raise SystemExit(f"reloads: no WebSocket: {head.decode()}")
        return connection

    def run(self):
        while self.open:
            for connection in list(self.open):
                if self.done.wait(1 / len(self.open)):
                    return
                self.echo(connection)

    def echo(self, connection):
        message = struct.pack(">I", self.echoed)
        try:
            connection.sendall(bytes([0x82, 0x80 | len(message)]) + bytes(4) + message)
            if read_frame(connection) == message:
                self.echoed += 1
                return
        except (OSError, EOFError):
            pass
        self.lost += 1
        self.open.remove(connection)

    def finish(self):
        self.done.set()
        self.join()
        return self

    def __str__(self):
        return f"{len(self.open)} WebSockets open all the time, {self.lost} lost, {self.echoed} messages came back"
