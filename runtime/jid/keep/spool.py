"""Messages that wait for a slow reader: the first in memory, the rest in a file without a name."""

from collections import deque
from typing import BinaryIO, Deque, Optional

from jid.message import Message, Unpacker, packed

_IN_MEMORY = 1 << 20  # bytes of messages that are kept in memory
_PIECE = 65536


class Spool:
    """First in, first out. directory: where the file is made, once it is needed."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._messages: Deque[Message] = deque()
        self._size = 0  # bytes of the bodies in memory
        self._file: Optional[BinaryIO] = None
        self._read = 0
        self._written = 0

    def __len__(self) -> int:
        """How many are in memory; when there is none, there is none in the file either."""
        return len(self._messages)

    def bytes(self) -> int:
        """What waits, in memory and on disk."""
        return self._size + self._written - self._read

    def push(self, message: Message) -> None:
        """Put one at the end. Raises OSError when the disk is full."""
        if self._file is None and self._size < _IN_MEMORY:
            self._messages.append(message)
            self._size += message.size()
            return
        if self._file is None:
            self._file = _file(self._directory)
        self._file.seek(self._written)
        self._written += self._file.write(packed(message))

    def pop(self) -> Message:
        """Take the first. Raises IndexError where there is none."""
        message = self._messages.popleft()
        self._size -= message.size()
        if not self._messages and self._file:
            self._refill(self._file)
        return message

    def close(self) -> None:
        """Forget all of it."""
        self._messages.clear()
        self._size = self._read = self._written = 0
        if self._file:
            self._file.close()
            self._file = None

    def _refill(self, file: BinaryIO) -> None:
        """Read until at least one message is complete; the file goes when it was read whole."""
        unpacker = Unpacker()
        file.seek(self._read)
        while not self._messages:
            piece = file.read(_PIECE)
            self._read += len(piece)
            for message in unpacker.feed(piece):
                self._messages.append(message)
                self._size += message.size()
        self._read -= unpacker.pending()
        if self._read == self._written:
            file.close()
            self._file, self._read, self._written = None, 0, 0


def _file(directory: str) -> BinaryIO:
    from tempfile import TemporaryFile  # late, as most answers fit into memory

    return TemporaryFile(dir=directory or None)
