"""One build under way: its log, its time, and the one way to stop it."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from modelserver.errors import BuildCancelled, BuildTimedOut, Problem
from modelserver.stages import Stages


class Job:
    """Hand it down to whatever does the work; every long wait stands inside `stopping`.

    log_path: appended to, UTF-8. seconds: how long the whole build may take, from `start` on.
    stages: what the build has done so far; at first it waits for its turn.
    log_limit: bytes; what a build prints beyond it is dropped, with one line that says so.
    """

    def __init__(self, log_path: Path, seconds: float, log_limit: int = 16 * 1024**2) -> None:
        self._seconds = seconds
        self._deadline = float("inf")
        self._change = threading.Condition()
        self._cancelled = False
        self._room = log_limit
        self._log_path = log_path
        self._log: BinaryIO | None = None
        self.stages = Stages()
        self.stages.begin("queue")

    def start(self) -> None:
        """From here on the time counts, and the log is open: builds that only wait hold no file."""
        self.stages.end()
        self._deadline = time.monotonic() + self._seconds
        self._log = self._log_path.open("ab", buffering=0)
        self.check()

    def log(self, text: str | bytes) -> None:
        """Adds to the build log at once. From any thread."""
        data = text.encode(errors="replace") if isinstance(text, str) else text
        with self._change:
            if self._room > 0:
                self._write(data[: self._room])
                self._room -= len(data)
                if self._room <= 0:
                    self._write(b"\n(the log ends here: it has reached its limit)\n")

    @contextmanager
    def stage(self, title: str) -> Iterator[None]:
        """A named step of the build, in the log with its duration."""
        self.check()
        self.log(f"==> {title}\n")
        self.stages.begin(title)
        how = "ended after"
        try:
            yield
            how = "done in"
        finally:
            self.log(f"==> {title}: {how} {self.stages.end().seconds:.1f} s\n")

    def cancel(self) -> None:
        with self._change:
            self._cancelled = True
            self._change.notify_all()

    def check(self) -> None:
        """Raises BuildCancelled or BuildTimedOut when it is time to stop."""
        if problem := self._over():
            raise problem

    @contextmanager
    def stopping(
        self, stop: Callable[[], None], seconds: float = float("inf"), late: Problem | None = None
    ) -> Iterator[None]:
        """Runs a block that may take long; calls `stop` once, from a thread, when the block must end.

        The block must then return or raise; what it raises is replaced by the reason for the stop:
        BuildCancelled, BuildTimedOut, or `late` when only the block's own `seconds` are over.
        """
        until = time.monotonic() + seconds
        block = _Block(stop)
        watch = threading.Thread(target=self._watch, args=(block, until, late), daemon=True)
        watch.start()
        try:
            yield
        except Exception as error:
            self._finish(block, watch)
            raise (block.reason or error) from None if block.reason else error.__cause__
        self._finish(block, watch)
        if block.reason:
            raise block.reason

    def close(self) -> None:
        if self._log:
            self._log.close()

    def _write(self, data: bytes) -> None:
        """A disk that is full costs the log, not the build: whoever prints must be read on."""
        try:
            if self._log:
                self._log.write(data)
        except OSError:
            logging.exception("the log %s cannot be written", self._log_path)
            self._room = 0

    def _over(self) -> Problem | None:
        if self._cancelled:
            return BuildCancelled("The build was cancelled.")
        if time.monotonic() >= self._deadline:
            return BuildTimedOut(f"The build took longer than {self._seconds:.0f} s and was stopped.")
        return None

    def _watch(self, block: _Block, until: float, late: Problem | None) -> None:
        with self._change:
            while not block.done:
                reason = self._over() or (late if time.monotonic() >= until else None)
                if reason:
                    block.reason = reason
                    break
                self._change.wait(_bounded(min(until, self._deadline) - time.monotonic()))
        if block.reason:
            block.stop()

    def _finish(self, block: _Block, watch: threading.Thread) -> None:
        with self._change:
            block.done = True
            self._change.notify_all()
        watch.join()


class _Block:
    """What `stopping` and its watch thread share; written under the job's condition."""

    def __init__(self, stop: Callable[[], None]) -> None:
        self.stop = stop
        self.done = False
        self.reason: Problem | None = None


def _bounded(seconds: float) -> float:
    """A wait that Condition takes: not negative, not infinite."""
    return max(0.0, min(seconds, 3600.0))
