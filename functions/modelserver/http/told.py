"""What a thread tells while it works, as an iterator."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from typing import TypeVar

Word = TypeVar("Word")
Tell = Callable[[Word], None]

_SILENCE = 10.0


def told(work: Callable[[Tell[Word]], None], awake: Word) -> Iterator[Word]:
    """Each word as it is told; `awake` in between when nothing was told for ten seconds.

    Raises what the work raises, after its last word. Closed early, it waits for the work to end: what it reads from
    may be the caller's own.
    """
    words: queue.SimpleQueue[tuple[Word] | None] = queue.SimpleQueue()
    errors: list[BaseException] = []

    def run() -> None:
        try:
            work(lambda word: words.put((word,)))
        except BaseException as error:
            errors.append(error)
        words.put(None)

    thread = threading.Thread(target=run, name="told", daemon=True)
    thread.start()
    try:
        while (word := _next(words, awake)) is not None:
            yield word[0]
    finally:
        thread.join()
    if errors:
        raise errors[0]


def _next(words: queue.SimpleQueue[tuple[Word] | None], awake: Word) -> tuple[Word] | None:
    try:
        return words.get(timeout=_SILENCE)
    except queue.Empty:
        return (awake,)
