"""A TCP link whose weather can change: between a node and what it needs."""

import asyncio


class Link:
    def __init__(self, host, target):
        """Listens on an address of this host; leads to a host and port."""
        self.host, self.target, self.delay, self.is_cut, self.pairs = host, target, 0.0, False, set()

    async def start(self):
        self.server = await asyncio.start_server(self._accept, self.host, 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    def cut(self):
        """As a network that is gone: bytes stay where they are, and nobody is told."""
        self.is_cut = True

    def mend(self):
        """What was held is lost, as after a long outage: old connections are reset."""
        self.is_cut = False
        for writer in list(self.pairs):
            writer.transport.abort()
        self.pairs.clear()

    async def _accept(self, reader, writer):
        try:
            while self.is_cut:
                await asyncio.sleep(0.02)
            far_reader, far_writer = await asyncio.open_connection(*self.target)
        except OSError:
            return writer.transport.abort()
        self.pairs |= {writer, far_writer}
        await asyncio.gather(self._pass(reader, far_writer), self._pass(far_reader, writer))
        self.pairs -= {writer, far_writer}

    async def _pass(self, reader, writer):
        try:
            while data := await reader.read(65536):
                if self.delay:
                    await asyncio.sleep(self.delay)
                while self.is_cut:
                    await asyncio.sleep(0.02)
                writer.write(data)
                await writer.drain()
        except (OSError, asyncio.CancelledError):
            pass
        writer.close()
