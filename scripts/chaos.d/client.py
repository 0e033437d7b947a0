"""An open-loop load over kept connections: requests leave when they are due, however long the ones before take."""

import asyncio
import time


class Client:
    """Sends GETs to one address; every request has an outcome."""

    TIMEOUT = 6

    def __init__(self, port):
        self.port, self.idle = port, []

    async def get(self, path, fields=""):
        """The status, or 0 if there was no answer."""
        text = f"GET {path} HTTP/1.1\r\nHost: chaos.test\r\n{fields}\r\n".encode()
        try:
            return await asyncio.wait_for(self._exchange(text), self.TIMEOUT)
        except (OSError, EOFError, ValueError, asyncio.TimeoutError):
            return 0

    async def _exchange(self, text):
        while True:
            is_kept = bool(self.idle)
            reader, writer = self.idle.pop() if is_kept else await asyncio.open_connection("127.0.0.1", self.port)
            try:
                writer.write(text)
                head = await reader.readuntil(b"\r\n\r\n")
            except (OSError, EOFError):
                writer.close()
                # A kept connection may have been closed meanwhile, as any client knows (RFC 9110, section 9.2.2).
                if is_kept:
                    continue
                raise
            except BaseException:
                writer.close()
                raise
            break
        lines = head.decode("latin-1").split("\r\n")
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:])}
        try:
            await reader.readexactly(int(fields["content-length"]))
        except BaseException:
            writer.close()
            raise
        if fields.get("connection") == "close":
            writer.close()
        else:
            self.idle.append((reader, writer))
        return int(lines[0].split()[1])


class Load:
    """`rate` requests a second until it is stopped; what became of each is in `results`: (begun, seconds, status)."""

    def __init__(self, client, rate, path, fields=""):
        self.client, self.rate, self.path, self.fields = client, rate, path, fields
        self.results, self.waiting, self.is_stopped = [], set(), False

    async def run(self):
        begun, count = time.monotonic(), 0
        while not self.is_stopped:
            while count < (time.monotonic() - begun) * self.rate:
                count += 1
                task = asyncio.ensure_future(self._one())
                self.waiting.add(task)
                task.add_done_callback(self.waiting.discard)
            await asyncio.sleep(0.002)
        await asyncio.gather(*self.waiting)

    async def _one(self):
        begun = time.monotonic()
        status = await self.client.get(self.path, self.fields)
        self.results.append((begun, time.monotonic() - begun, status))
