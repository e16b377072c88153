"""Where the body of a request ends: after so many bytes, or with the last chunk (RFC 9112, section 7)."""

import re
from typing import Tuple

from jid.web.problem import BAD_REQUEST, Problem
from jid.web.request import CHUNKED

_SIZE = re.compile(rb"[0-9a-fA-F]{1,15}")
_LINE = 1024  # bytes of a chunk's first line, or of a trailer line


class Framing:
    """Takes a body's bytes out of what arrives on a connection."""

    def __init__(self, length: int) -> None:
        self._chunked = length == CHUNKED
        self._left = 0 if self._chunked else length
        self._after_data = False
        self._in_trailer = False
        self.done = length == 0

    def take(self, buffer: bytearray) -> bytes:
        """Remove and give what belongs to the body; `done` is true once nothing is missing. Raises Problem."""
        taken = bytearray()
        while not self.done:
            if self._left:
                piece, rest = buffer[: self._left], len(buffer) < self._left
                del buffer[: len(piece)]
                self._left -= len(piece)
                taken += piece
                self.done = not self._left and not self._chunked
                if rest or self.done:
                    break
                self._after_data = True
            elif not self._line(buffer):
                break
        return bytes(taken)

    def _line(self, buffer: bytearray) -> bool:
        """Read one line between the data; False when it is not complete yet."""
        line, found = _line(buffer)
        if not found:
            return False
        if self._after_data:
            if line:
                raise Problem(BAD_REQUEST, "a chunk is longer than it says")
            self._after_data = False
        elif self._in_trailer:
            self.done = not line
        else:
            size = bytes(line).partition(b";")[0].strip()
            if not _SIZE.fullmatch(size):
                raise Problem(BAD_REQUEST, "a chunk has no size")
            self._left = int(size, 16)
            self._in_trailer = not self._left
        return True


def _line(buffer: bytearray) -> Tuple[bytes, bool]:
    end = buffer.find(b"\r\n")
    if end < 0:
        if len(buffer) > _LINE:
            raise Problem(BAD_REQUEST, "a chunk's line is too long")
        return b"", False
    line = bytes(buffer[:end])
    del buffer[: end + 2]
    return line, True
