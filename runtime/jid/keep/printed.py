"""What the model prints: copied to our standard error up to a limit, its end kept for messages."""

import asyncio
import os
import queue
import sys
import threading
from typing import Callable, Optional

_TAIL = 2048  # bytes that a message about a death may quote
_PIECE = 65536
_WAITING = 16  # pieces that may wait for a slow standard error before the model has to


class Printed:
    """Reads a pipe. limit: bytes that are copied, None for all. hear: is called with each piece."""

    def __init__(self, descriptor: int, limit: Optional[int], hear: Callable[[bytes], None]) -> None:
        self._loop = asyncio.get_event_loop()
        self._descriptor = descriptor
        self._left = limit
        self._hear = hear
        self._tail = b""
        self._is_open = True
        self._copier = _Copier(self._resume)
        self._copier.start()
        os.set_blocking(descriptor, False)
        self._loop.add_reader(descriptor, self.read)

    def read(self) -> None:
        """Take what is in the pipe now, without waiting."""
        while self._is_open and not self._copier.is_full():
            try:
                piece = os.read(self._descriptor, _PIECE)
            except BlockingIOError:
                return
            if not piece:
                self._close()
                return
            self._tail = (self._tail + piece)[-_TAIL:]
            self._hear(piece)
            self._copy(piece)
        if self._is_open:
            self._loop.remove_reader(self._descriptor)
            self._copier.ask_for_room()

    def tail(self) -> str:
        """The last lines that were printed, as text."""
        text = self._tail.decode("utf-8", "replace").strip()
        return text.partition("\n")[2] if len(self._tail) == _TAIL and "\n" in text else text

    def forget(self) -> None:
        """Take what is in the pipe, which is of a run that ended, out of the tail."""
        self.read()
        self._tail = b""

    def finish(self) -> None:
        """Take what is left and wait for no more, even if a child of the model's holds the pipe open."""
        self.read()
        self._close()

    def is_shown(self) -> bool:
        """Whether all has been copied."""
        return not self._copier.is_alive()

    def _close(self) -> None:
        if self._is_open:
            self._is_open = False
            self._loop.remove_reader(self._descriptor)
            os.close(self._descriptor)
            self._copier.end()

    def _resume(self) -> None:
        """The copier has room again; called in its thread."""
        try:
            self._loop.call_soon_threadsafe(self._read_again)
        except RuntimeError:  # the loop is closed
            pass

    def _read_again(self) -> None:
        if self._is_open:
            self._loop.add_reader(self._descriptor, self.read)

    def _copy(self, piece: bytes) -> None:
        if self._left is None:
            self._copier.put(piece)
        elif self._left > 0:
            self._copier.put(piece[: self._left])
            if len(piece) > self._left:
                self._copier.put(b"\n... the model printed more than is shown here\n")
            self._left -= len(piece)


class _Copier(threading.Thread):
    """Writes to standard error, which may be slow. resume: is called when there is room that was asked for."""

    def __init__(self, resume: Callable[[], None]) -> None:
        super().__init__(daemon=True)
        self._resume = resume
        self._is_asked = False
        self._pieces: "queue.Queue[Optional[bytes]]" = queue.Queue()

    def is_full(self) -> bool:
        return self._pieces.qsize() >= _WAITING

    def put(self, piece: bytes) -> None:
        self._pieces.put(piece)

    def end(self) -> None:
        self._pieces.put(None)

    def ask_for_room(self) -> None:
        self._is_asked = True
        if not self.is_full():  # it caught up in the meantime
            self._resume()

    def run(self) -> None:
        while True:
            piece = self._pieces.get()
            if piece is None:
                return
            _write(piece)
            if self._is_asked:
                self._is_asked = False
                self._resume()


def _write(piece: bytes) -> None:
    try:
        sys.stderr.buffer.write(piece)
        sys.stderr.buffer.flush()
    except (OSError, ValueError):  # nobody reads it any more
        pass
