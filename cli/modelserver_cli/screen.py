"""What a person sees while a command works, on standard error: bars in a terminal, plain lines elsewhere.

Standard output is for results alone, so that they can be piped.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Protocol

from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, SpinnerColumn, TextColumn, TransferSpeedColumn
from rich.text import Text

from modelserver_cli import words
from modelserver_cli.failure import Failure

_EVERY = 10.0  # seconds between two lines about the same transfer
_BRIEF = 0.5  # seconds after which something is worth a line of its own
_WIDEST = 100
_LAST = 20  # lines of the log of a build that failed
_STAGE = "==> "  # how a log's line about a stage begins; the stages are told of by themselves
_KEPT = 8_000  # characters of it


class Bar(Protocol):
    """Something of known size that goes on. Bytes."""

    def advance(self, count: int, /) -> None: ...

    def place(self, at: int, /) -> None:
        """It stands there, also if that is a step back."""


class View(Protocol):
    """A build under way."""

    def begin(self, stage: str, /) -> None: ...

    def stage(self, text: str, /) -> None:
        """A line about one that ended."""

    def log(self, text: str, /) -> None:
        """A piece of the log, wherever it is cut."""


class Screen(Protocol):
    """Lines that stay, and what moves while something is under way."""

    def say(self, text: str, style: str = "") -> None: ...

    def bar(self, label: str, total: int) -> AbstractContextManager[Bar]: ...

    def view(self, label: str) -> AbstractContextManager[View]: ...


def screen(verbose: bool) -> Screen:
    """verbose: the whole log also in a terminal."""
    console = Console(stderr=True, markup=False, highlight=False, emoji=False, soft_wrap=True)
    if console.is_terminal and not console.is_dumb_terminal:
        return Bars(console, verbose)
    return Lines(console)


class Lines:
    """For files, pipes and CI."""

    def __init__(self, console: Console) -> None:
        self._console = console

    def say(self, text: str, style: str = "") -> None:
        self._console.print(Text(words.clean(text), style))

    @contextmanager
    def bar(self, label: str, total: int) -> Iterator[Bar]:
        began = time.monotonic()
        yield _Counter(self, label, total)
        _took(self, label, total, began)

    @contextmanager
    def view(self, label: str) -> Iterator[View]:
        shown = _Printed(self)
        self.say(label)
        try:
            yield shown
        finally:
            shown.end()


class _Counter:
    """A bar as a line now and then."""

    def __init__(self, lines: Lines, label: str, total: int) -> None:
        self._lines, self._label, self._total = lines, label, total
        self._at, self._said = 0, time.monotonic()

    def advance(self, count: int, /) -> None:
        self.place(self._at + count)

    def place(self, at: int, /) -> None:
        self._at = at
        if time.monotonic() - self._said >= _EVERY:
            self._said = time.monotonic()
            self._lines.say(f"{self._label}: {words.size(at)} of {words.size(self._total)}")


class _Printed:
    """A build's log, line by line."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen
        self._rest = ""

    def begin(self, stage: str, /) -> None:
        pass

    def stage(self, text: str, /) -> None:
        self._screen.say(f"  {text}")

    def log(self, text: str, /) -> None:
        *lines, self._rest = (self._rest + text).split("\n")
        for line in lines:
            self._say(line)

    def end(self) -> None:
        if self._rest.strip():
            self._say(self._rest)
        self._rest = ""

    def _say(self, line: str) -> None:
        if not line.startswith(_STAGE):
            self._screen.say(f"  {line}", "dim")


class Bars:
    """For terminals."""

    def __init__(self, console: Console, verbose: bool) -> None:
        self._console = console
        self._verbose = verbose

    def say(self, text: str, style: str = "") -> None:
        self._console.print(Text(words.clean(text), style))

    @contextmanager
    def bar(self, label: str, total: int) -> Iterator[Bar]:
        began = time.monotonic()
        columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
        with Progress(*columns, console=self._console, transient=True) as progress:
            yield _Moving(progress, progress.add_task(label, total=total))
        _took(self, label, total, began)

    @contextmanager
    def view(self, label: str) -> Iterator[View]:
        columns = (SpinnerColumn(), TextColumn("{task.description}"), TextColumn("{task.fields[said]}", style="dim"))
        progress = Progress(*columns, console=self._console, transient=True)
        shown = _Spinning(progress, progress.add_task(label, total=None, said=""), self if self._verbose else None)
        try:
            with progress:
                yield shown
        except Failure:
            shown.tell_the_end(self)
            raise


class _Moving:
    def __init__(self, progress: Progress, task: int) -> None:
        self._progress, self._task = progress, task

    def advance(self, count: int, /) -> None:
        self._progress.advance(self._task, count)  # type: ignore[arg-type]

    def place(self, at: int, /) -> None:
        self._progress.update(self._task, completed=at)  # type: ignore[arg-type]


class _Spinning:
    """The newest line of the log beside the stage; all of it above, if wanted."""

    def __init__(self, progress: Progress, task: int, above: Screen | None) -> None:
        self._progress, self._task = progress, task
        self._above = _Printed(above) if above else None
        self._tail = ""

    def begin(self, stage: str, /) -> None:
        self._progress.update(self._task, description=words.line(stage), said="")  # type: ignore[arg-type]

    def stage(self, text: str, /) -> None:
        self._progress.console.print(Text(f"  {words.line(text)}"))

    def log(self, text: str, /) -> None:
        if self._above:
            self._above.log(text)
        self._tail = (self._tail + text)[-_KEPT:]
        last = words.line("".join(self._lines()[-1:]))[:_WIDEST]
        self._progress.update(self._task, said=last)  # type: ignore[arg-type]

    def tell_the_end(self, screen: Screen) -> None:
        """The last lines of a log that was not shown."""
        for line in [] if self._above else self._lines()[-_LAST:]:
            screen.say(f"  {line}", "dim")

    def _lines(self) -> list[str]:
        return [line for line in self._tail.splitlines() if line.strip() and not line.startswith(_STAGE)]


def _took(screen: Screen, label: str, total: int, began: float) -> None:
    """What took no time is not worth a line."""
    duration = time.monotonic() - began
    if duration >= _BRIEF:
        screen.say(f"{label}: {words.size(total)} in {words.seconds(duration)}", "dim")


def print_out(text: str) -> None:
    """A result, on standard output; fit for a terminal if it is one."""
    print(words.clean(text) if sys.stdout.isatty() else text, flush=True)
