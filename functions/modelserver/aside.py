"""Work on a stream beside the thread that reads it: hashing, writing and receiving then overlap."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

_DEPTH = 8


class Aside:
    """Calls `work` with each chunk, in order, on a thread of its own, at most a few chunks behind.

    What `work` raises comes out of the next call, or at the end of the block; nothing is called after it.
    """

    def __init__(self, work: Callable[[bytes], object]) -> None:
        self._work = work
        self._chunks: queue.Queue[bytes | None] = queue.Queue(_DEPTH)
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)

    def __enter__(self) -> Aside:
        self._thread.start()
        return self

    def __exit__(self, kind: object, *_: object) -> None:
        self._chunks.put(None)
        self._thread.join()
        if kind is None:
            self._check()

    def __call__(self, chunk: bytes) -> None:
        self._check()
        self._chunks.put(chunk)

    def _check(self) -> None:
        if self._error:
            raise self._error

    def _run(self) -> None:
        while (chunk := self._chunks.get()) is not None:
            if self._error is None:
                try:
                    self._work(chunk)
                except BaseException as error:
                    self._error = error
