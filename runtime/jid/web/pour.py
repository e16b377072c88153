"""A large body on its way into a socket: by the kernel alone where it can, else piece by piece."""

import asyncio
import contextlib
import os
import socket
import sys
from typing import Iterator

from jid.message import Held

_PIECE = 262144  # bytes of a file read at once
_AT_ONCE = 1 << 20  # bytes that the kernel sends before other connections have their turn


class Pour:
    """left: bytes that the socket, or its transport, has not been given yet."""

    def __init__(self, transport: asyncio.Transport, body: Held) -> None:
        self._transport = transport
        self._body = body
        self.left = body.size

    async def by_the_kernel(self) -> None:
        """Send what can be sent in this way; the rest is left for `piece`.

        Raises OSError when the client is gone or a file became shorter.
        """
        if sys.platform != "linux" or self._transport.get_write_buffer_size():
            return
        way = os.dup(self._transport.get_extra_info("socket").fileno())  # asyncio lets nobody watch its own
        try:
            while self.left:
                await self._some(way)
        except _Unable:
            pass
        finally:
            os.close(way)

    def piece(self) -> bytes:
        """The next bytes, at least one. Raises OSError when there are none."""
        found = self._body.piece(self._body.size - self.left, min(self.left, _PIECE))
        self._count(len(found))
        return found

    async def _some(self, way: int) -> None:
        sent = self._sent(way)
        if sent < 0:
            await _writable(way)
            return
        self._count(sent)
        if self.left:
            await asyncio.sleep(0)

    def _sent(self, way: int) -> int:
        """Bytes that were sent; -1 where the socket is full."""
        try:
            return self._body.send(way, self._body.size - self.left, min(self.left, _AT_ONCE))
        except BlockingIOError:
            return -1
        except ConnectionError:
            raise
        except OSError as error:
            raise _Unable from error

    def _count(self, sent: int) -> None:
        if not sent:
            raise OSError("a file became shorter while it was sent")
        self.left -= sent


class _Unable(Exception):
    """This kind of file cannot be sent by the kernel."""


@contextlib.contextmanager
def corked(transport: asyncio.Transport) -> Iterator[None]:
    """What is written in here leaves in full packets, so that a head does not go ahead of its body."""
    _cork(transport, 1)
    try:
        yield
    finally:
        _cork(transport, 0)


def _cork(transport: asyncio.Transport, value: int) -> None:
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # the client is gone
            transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, value)


def on_its_way(transport: asyncio.Transport) -> int:
    """Bytes in the socket that the client has not taken (tcp(7), SIOCOUTQ); 0 where the system does not tell.

    A socket counts as full until a third of it is free, which a slow client may take minutes for.
    """
    try:
        import fcntl
        import termios

        told = fcntl.ioctl(transport.get_extra_info("socket").fileno(), termios.TIOCOUTQ, bytes(4))
    except (ImportError, AttributeError, OSError):
        return 0
    return int.from_bytes(told, sys.byteorder)


async def _writable(descriptor: int) -> None:
    loop = asyncio.get_event_loop()
    room = loop.create_future()
    loop.add_writer(descriptor, _tell, room)
    try:
        await room
    finally:
        loop.remove_writer(descriptor)


def _tell(room: "asyncio.Future[None]") -> None:
    if not room.done():
        room.set_result(None)
