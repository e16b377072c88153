"""Memory that both processes share: an answer is written there by one and sent from there by the other.

Its pages are used again and again, which is why it costs a third of a parcel: of the milliseconds that 1 MB takes
on its way, most go by for pages that the system has to find, clear and count anew. What finds no room on the
shelf, for it is large or clients are slow, is a parcel.
"""

import fcntl
import mmap
import os
import threading
from typing import Callable, Dict, List, NamedTuple, Optional, Union

from jid.parcel import pieces

_SIZE = 4 << 20
_SLOT = 1 << 18  # bytes that are given away together
_F_ADD_SEALS, _SEALS = 1033, 1 | 2 | 4  # neither smaller nor larger, for good: fcntl(2); fcntl knows it from 3.9 on


class Place(NamedTuple):
    """Where an answer lies, in bytes."""

    start: int
    size: int


class Placed:
    """An answer on the shelf, as the server's process holds it. clear: is told of its start once it is not needed."""

    def __init__(self, memory: memoryview, place: Place, clear: Callable[[int], None]) -> None:
        self._memory = memory[place.start : place.start + place.size]
        self._start = place.start
        self._clear: Optional[Callable[[int], None]] = clear
        self.size = place.size

    def read(self) -> bytes:
        """All of it."""
        return bytes(self._memory)

    def piece(self, start: int, most: int) -> bytes:
        """Some of it."""
        return bytes(self._memory[start : start + most])

    def send(self, road: int, start: int, most: int) -> int:
        """Write some of it to a socket; bytes that were written. Raises BlockingIOError, or ConnectionError."""
        return os.write(road, self._memory[start : start + most])

    def close(self) -> None:
        """Make room for others."""
        if self._clear:
            self._clear(self._start)
            self._clear = None

    def __del__(self) -> None:
        self.close()


class Shelf:
    """The memory itself, in either process. descriptor: from `new_shelf`; -1 where there is none."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._memory: Optional[memoryview] = None
        self._lock = threading.Lock()
        self._free = [descriptor >= 0] * (_SIZE // _SLOT)
        self._taken: Dict[int, int] = {}  # slots by where they start

    def put(self, content: Union[str, bytes]) -> Optional[Place]:
        """Lay down a text of ASCII, or bytes; None where there is no room, or where its size is not known before."""
        if self._descriptor < 0 or (isinstance(content, str) and not content.isascii()):
            return None
        start = self._room(len(content))
        if start is None:
            return None
        end, memory = start, self._mapped()
        for piece in pieces(content):
            memory[end : end + len(piece)] = piece
            end += len(piece)
        return Place(start, len(content))

    def clear(self, start: int) -> None:
        """What lies there is not needed any more."""
        with self._lock:
            for slot in range(start // _SLOT, start // _SLOT + self._taken.pop(start, 0)):
                self._free[slot] = True

    def placed(self, where: List[int], clear: Callable[[int], None]) -> Placed:
        """What the other process laid there. Raises OSError for a place that is none."""
        start, size = where
        if self._descriptor < 0 or not (0 <= start <= start + size <= _SIZE):
            raise OSError("an answer was laid beside the shelf")
        return Placed(self._mapped(), Place(start, size), clear)

    def close(self) -> None:
        """Close the descriptor; what is on the shelf stays while somebody holds it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _room(self, size: int) -> Optional[int]:
        count = -(-size // _SLOT)
        with self._lock:
            for first in range(len(self._free) - count + 1):
                if all(self._free[first : first + count]):
                    self._free[first : first + count] = [False] * count
                    self._taken[first * _SLOT] = count
                    return first * _SLOT
        return None

    def _mapped(self) -> memoryview:
        if self._memory is None:
            self._memory = memoryview(mmap.mmap(self._descriptor, _SIZE))
        return self._memory


def new_shelf() -> int:
    """A descriptor of memory for a shelf; -1 where the system has none (it came with Python 3.8, on Linux)."""
    try:
        descriptor = os.memfd_create("jid-shelf", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    except (AttributeError, OSError):
        return -1
    try:
        os.ftruncate(descriptor, _SIZE)
        fcntl.fcntl(descriptor, _F_ADD_SEALS, _SEALS)  # or the model's process could take it away under us
    except OSError:
        os.close(descriptor)
        return -1
    return descriptor
