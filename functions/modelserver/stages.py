"""The steps on a package's way, and how long each took."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

from modelserver.jsontypes import JSON, Object


@dataclass(frozen=True)
class Stage:
    """name: in a word or two, such as "test docker-cpu". seconds: `rounded`; None while it is under way."""

    name: str
    seconds: float | None = None

    def to_json(self) -> Object:
        return {"Name": self.name, "Seconds": self.seconds}

    @classmethod
    def from_json(cls, value: JSON) -> Stage:
        known = cast(Object, value)
        return cls(cast(str, known["Name"]), cast("float | None", known["Seconds"]))


def rounded(seconds: float) -> float:
    """To milliseconds: what is kept as JSON comes back as it was."""
    return round(max(0.0, seconds), 3)


class Stages:
    """One after another, as they come. To be read from any thread. notice: called as each begins and ends."""

    def __init__(self, notice: Callable[[Stage], object] = lambda stage: None) -> None:
        self._lock = threading.Lock()
        self._all: list[Stage] = []
        self._began = 0.0
        self._notice = notice

    def begin(self, name: str) -> None:
        with self._lock:
            self._all.append(Stage(name))
            self._began = time.monotonic()
        self._notice(Stage(name))

    def end(self) -> Stage:
        """The one that was begun last, with its seconds."""
        with self._lock:
            ended = Stage(self._all[-1].name, rounded(time.monotonic() - self._began))
            self._all[-1] = ended
        self._notice(ended)
        return ended

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """It ends with the block, however that ends."""
        self.begin(name)
        try:
            yield
        finally:
            self.end()

    def all(self) -> tuple[Stage, ...]:
        with self._lock:
            return tuple(self._all)


class News:
    """What of a list of stages was not told before: each is told as it begins, and again as it ends."""

    def __init__(self) -> None:
        self._told: list[Stage] = []

    def of(self, stages: Iterable[Stage]) -> Iterator[Stage]:
        for number, stage in enumerate(stages):
            if number == len(self._told):
                self._told.append(Stage(stage.name))
                yield Stage(stage.name)
            if stage.seconds is not None and self._told[number].seconds is None:
                self._told[number] = stage
                yield stage
