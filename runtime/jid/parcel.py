"""Large answers: written once into memory that has no name, and handed over whole by its descriptor.

What travels over the socket pair itself is copied into the kernel, out of it and together again, and each copy
is new memory whose pages the system must first give (some 350 of them for 1 MB, at several microseconds each).
A parcel is copied once; from there the kernel sends it to the client (sendfile(2)).
"""

import array
import os
import socket
import stat
from typing import Iterator, Optional, Union

LARGE = 131072  # bytes or characters of a body from which a parcel pays

_PIECE = 65536
_FEW = 512  # descriptors that the server may have before it reads parcels at once; there are often 1024
_WORD = b"p"  # a message must not be empty


class Parcel:
    """An open file without a name, and its size in bytes. It is closed with `close`, or when nobody holds it."""

    def __init__(self, descriptor: int, size: int) -> None:
        self.descriptor = descriptor
        self.size = size

    def read(self) -> bytes:
        """All of it. Raises OSError where the other side cut it."""
        found = b"".join(_read(self.descriptor, self.size))
        if len(found) != self.size:
            raise OSError("an answer became shorter while it was read")
        return found

    def piece(self, start: int, most: int) -> bytes:
        """Some of it."""
        return os.pread(self.descriptor, most, start)

    def send(self, road: int, start: int, most: int) -> int:
        """Have the kernel send some of it to a socket; bytes that were sent. Raises OSError."""
        return os.sendfile(road, self.descriptor, start, most)

    def close(self) -> None:
        """Give the memory back."""
        if self.descriptor >= 0:
            os.close(self.descriptor)
            self.descriptor = -1

    def __del__(self) -> None:
        self.close()


def wrapped(content: Union[str, bytes]) -> Optional[Parcel]:
    """The content, text in UTF-8, as a parcel; None where the system has no such memory, or none left."""
    try:
        parcel = Parcel(os.memfd_create("jid"), 0)  # from Python 3.8 on, on Linux
    except (AttributeError, OSError):
        return None
    try:
        for piece in pieces(content):
            parcel.size += _written(parcel.descriptor, piece)
    except OSError:
        parcel.close()
        return None
    return parcel


def hand_over(parcel: Parcel, road: socket.socket) -> bool:
    """Send a parcel to the server's process; False where the system refuses."""
    told = array.array("i", [parcel.descriptor])
    try:
        road.sendmsg([_WORD], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, told)])
    except OSError:  # too many are on their way
        return False
    return True


def taken(road: socket.socket) -> Union[Parcel, bytes]:
    """The next parcel, which has arrived; its content, where descriptors run short.

    Raises OSError where there is none, or no descriptor for it.
    """
    numbers = array.array("i")
    _, told, _, _ = road.recvmsg(1, socket.CMSG_SPACE(numbers.itemsize), getattr(socket, "MSG_CMSG_CLOEXEC", 0))
    for level, kind, data in told:
        if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
            numbers.frombytes(data[: len(data) - len(data) % numbers.itemsize])
    if not numbers:
        raise OSError("an answer came without its memory; too many files are open")
    return _opened(numbers[0])


def _opened(descriptor: int) -> Union[Parcel, bytes]:
    parcel = Parcel(descriptor, 0)
    about = os.fstat(descriptor)
    if not stat.S_ISREG(about.st_mode):
        raise OSError("an answer came in something that is no file")
    parcel.size = about.st_size
    return parcel if descriptor < _FEW else parcel.read()


def pieces(content: Union[str, bytes]) -> Iterator[bytes]:
    """The content in UTF-8."""
    if isinstance(content, bytes):
        yield content
        return
    for start in range(0, len(content), _PIECE):
        yield content[start : start + _PIECE].encode("utf-8", "replace")


def _written(descriptor: int, piece: bytes) -> int:
    left = memoryview(piece)
    while left:
        left = left[os.write(descriptor, left) :]
    return len(piece)


def _read(descriptor: int, size: int) -> Iterator[bytes]:
    start = 0
    while start < size:
        piece = os.pread(descriptor, size - start, start)
        if not piece:
            return
        start += len(piece)
        yield piece
