"""What a build of Cloud Build has done so far.

Its steps have their times only when it has ended (cloudbuild.proto, BuildStep.status: not updated in real time). Until
then the log tells which of them have begun, in lines of Cloud Build's own: what a step prints stands behind its number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from modelserver.gcp.buildlog import BuildLog
from modelserver.gcp.builds import Build, has_ended
from modelserver.stages import Stage, rounded

_BEGINS = re.compile(r'Starting Step #\d+ - "(?P<step>[^"]{1,80})"')
_PUSH = "push"
_PIECE = 1024**2
_MOST_LINE = 1000


def stages_of(build: Build) -> tuple[Stage, ...]:
    """Of one that has ended."""
    return tuple(_timed(build))


class LiveStages:
    """Of one that has not; the log is read on from where it was read to."""

    def __init__(self) -> None:
        self._offset = 0
        self._rest = ""
        self._names: list[str] = []

    def of(self, build: Build, log: BuildLog) -> tuple[Stage, ...]:
        """What its steps took is not known yet."""
        while data := log.read(self._offset, _PIECE):
            self._offset += len(data)
            *lines, rest = (self._rest + data.decode(errors="replace")).split("\n")
            self._rest = rest[:_MOST_LINE]
            self._names += [name for line in lines if (name := _begun(line))]
        return (*_queued(build), *map(Stage, self._names))


def _begun(line: str) -> str:
    if line == "PUSH":
        return _PUSH
    found = _BEGINS.fullmatch(line)
    return found["step"] if found else ""


def _timed(build: Build) -> Iterator[Stage]:
    yield from _queued(build)
    for step in build.steps:
        if step.timing and step.timing.start_time:
            yield Stage(step.id, _seconds(step.timing.start_time, step.timing.end_time or build.finish_time))
    if pushed := build.timing.get("PUSH"):
        yield Stage(_PUSH, _seconds(pushed.start_time, pushed.end_time or build.finish_time))


def _queued(build: Build) -> Iterator[Stage]:
    until: Any = build.start_time or (build.finish_time if has_ended(build) else None)
    yield Stage("queue", _seconds(build.create_time, until) if until else None)


def _seconds(start: Any, end: Any) -> float:
    """start, end: datetimes, as proto-plus shows a Timestamp."""
    return rounded((end - start).total_seconds())
