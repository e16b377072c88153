"""What the model prints: copied to our standard error up to a limit, its end kept for messages."""

import os
import sys
import threading
from typing import Optional

_TAIL = 2048  # bytes that a message about a death may quote
_PIECE = 65536


class Printed(threading.Thread):
    """Reads a pipe until every writer is gone. limit: bytes that are copied, None for all."""

    def __init__(self, descriptor: int, limit: Optional[int]) -> None:
        super().__init__(daemon=True)
        self._descriptor = descriptor
        self._left = limit
        self._tail = b""

    def run(self) -> None:
        while True:
            piece = os.read(self._descriptor, _PIECE)
            if not piece:
                break
            self._tail = (self._tail + piece)[-_TAIL:]
            self._copy(piece)
        os.close(self._descriptor)

    def tail(self) -> str:
        """The last lines that were printed, as text."""
        self.join(1.0)  # the end may still be in the pipe; a child of the model's may hold it open for ever
        text = self._tail.decode("utf-8", "replace").strip()
        return text.partition("\n")[2] if len(self._tail) == _TAIL and "\n" in text else text

    def _copy(self, piece: bytes) -> None:
        if self._left is None:
            _write(piece)
        elif self._left > 0:
            _write(piece[: self._left])
            if len(piece) > self._left:
                _write(b"\n... the model printed more than is shown here\n")
            self._left -= len(piece)


def _write(piece: bytes) -> None:
    try:
        sys.stderr.buffer.write(piece)
        sys.stderr.buffer.flush()
    except (OSError, ValueError):  # nobody reads it any more
        pass
