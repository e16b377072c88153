"""The way out of one connection: answers as bytes, no faster than the client reads them."""

import asyncio
import os
from typing import Optional

from jid.message import Held
from jid.parcel import Parcel
from jid.shelf import Placed
from jid.web.pour import Pour, corked, on_its_way
from jid.web.request import Request
from jid.web.response import FileContent, Response, head

_LARGE = 65536  # bytes of a body that is not copied to stand behind its head


class Wire:
    """Writes to a transport, and waits where it is full."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self.transport = transport
        self._loop = asyncio.get_event_loop()
        self._room: "Optional[asyncio.Future[None]]" = None
        self._pour: Optional[Pour] = None
        self._unsent = 0  # bytes that waited when was looked last
        self._since = 0.0  # when that number changed last

    def pause(self) -> None:
        """The client reads more slowly than we write."""
        self._room = self._loop.create_future()
        self._since = self._loop.time()

    def resume(self) -> None:
        """There is room again."""
        if self._room and not self._room.done():
            self._room.set_result(None)
        self._room = None

    def lost(self) -> None:
        """The client is gone."""
        if self._room and not self._room.done():
            self._room.cancel()

    def is_stuck(self, silence: float, now: float) -> bool:
        """Whether the client has read nothing for so many seconds, though there is something to read."""
        unsent = self.transport.get_write_buffer_size() + (self._pour.left if self._pour else 0)
        unsent += on_its_way(self.transport)
        if (self._room is None and self._pour is None) or unsent != self._unsent:
            self._unsent, self._since = unsent, now
        return now > self._since + silence

    def write(self, data: bytes) -> None:
        """Send at once, or as soon as there is room."""
        self.transport.write(data)

    async def send(self, response: Response, request: Request, keep: bool) -> bool:
        """Send an answer; whether the connection may be kept."""
        if isinstance(response.body, bytes):
            await self._send_bytes(head(response, len(response.body), keep), request, response.body)
            return keep
        if isinstance(response.body, (Parcel, Placed)):
            await self._pour_out(head(response, response.body.size, keep), response.body)
            return keep
        if isinstance(response.body, FileContent):
            await self._send_file(response, response.body, keep)
            return keep
        return await self._send_stream(response, request.old, keep)

    async def _send_bytes(self, start: bytes, request: Request, body: bytes) -> None:
        if request.method == "HEAD":
            await self._send(start)
        elif len(body) < _LARGE:
            await self._send(start + body)
        else:
            with corked(self.transport):
                self.transport.write(start)
                await self._send(body)

    async def _send(self, data: bytes) -> None:
        self.transport.write(data)
        if self._room:
            await self._room

    async def _send_file(self, response: Response, content: FileContent, keep: bool) -> None:
        descriptor = os.open(content.path, os.O_RDONLY)
        file = Parcel(descriptor, os.fstat(descriptor).st_size)
        try:
            await self._pour_out(head(response, file.size, keep), file)
        finally:
            file.close()

    async def _pour_out(self, start: bytes, body: Held) -> None:
        """The head, then the body."""
        self._pour = Pour(self.transport, body)
        self._since = self._loop.time()
        try:
            with corked(self.transport):
                self.transport.write(start)
                await self._pour.by_the_kernel()
            while self._pour.left:
                await self._send(self._pour.piece())
        finally:
            self._pour = None

    async def _send_stream(self, response: Response, old: bool, keep: bool) -> bool:
        """In chunks, or for HTTP/1.0 until the connection closes."""
        self.transport.write(head(response, -2 if old else -1, keep and not old))
        try:
            async for piece in response.body:  # type: ignore[union-attr]
                await self._send(piece if old else b"%x\r\n%b\r\n" % (len(piece), piece))
        finally:
            await response.body.aclose()  # type: ignore[union-attr]
        if not old:
            self.transport.write(b"0\r\n\r\n")
        return keep and not old
