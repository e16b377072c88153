"""One image in the making: what the engine says while it builds, step by step."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from typing import cast

from local.job import Job
from modelserver.errors import BuildFailed
from modelserver.jsontypes import Object

_STEP = re.compile(r"Step \d+/\d+ : (?P<instruction>.*)")
_LAYER = re.compile(r" ---> (?P<id>[0-9a-f]{12,64})")
_CACHED = " ---> Using cache"
_CONTAINER = re.compile(r" ---> Running in (?P<id>[0-9a-f]{12,64})")
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")
_CAUSE = re.compile(r"\b(?:error|E|fatal|unable|cannot|no matching)\b", re.IGNORECASE)
_LINES = 40
_WIDTH = 400


class DockerBuild:
    """Reads the messages of the engine's build API, in order.

    layer: called with the stage (a number, from 1) and the ID of each layer made in it, and of the last one of those
    found there already; the base image's apart.
    instruction: of the Dockerfile, the one under way. container: where it runs, or "". image: the ID of
    the finished image, or "".
    """

    def __init__(self, job: Job, layer: Callable[[int, str], object]) -> None:
        self.instruction = ""
        self.container = ""
        self.image = ""
        self._stage = 0
        self._is_found = False
        self._found = ""
        self._job = job
        self._layer = layer
        self._words: deque[str] = deque(maxlen=_LINES)

    def hear(self, message: Object) -> None:
        """Raises BuildFailed with the end of what was printed, when the message is an error."""
        if "error" in message:
            raise self._failed(str(message["error"]))
        if "aux" in message:
            self.image = str(cast(Object, message["aux"]).get("ID", self.image))
            self._tell_found()
        if "progress" not in message:
            self._read(str(message.get("stream") or _status(message)))

    def _read(self, text: str) -> None:
        text = _COLOUR.sub("", text)
        self._job.log(text)
        for line in text.splitlines():
            self._notice(line)

    def _notice(self, line: str) -> None:
        if step := _STEP.match(line):
            self.instruction, self.container = step["instruction"], ""
            self._words.clear()
            self._is_found = False
            if self._at_base():
                self._tell_found()
                self._stage += 1
        elif line == _CACHED:
            self._is_found = True
        elif container := _CONTAINER.match(line):
            self.container = container["id"]
        elif layer := _LAYER.match(line):
            self.container = ""
            if not self._at_base():
                self._hold(layer["id"])
        elif line.strip():
            self._words.append(line.rstrip()[:_WIDTH])

    def _hold(self, layer: str) -> None:
        """A layer that was made holds those below it; of those that were found, it is enough to hold the last."""
        if self._is_found:
            self._found = layer
        else:
            self._found = ""
            self._layer(self._stage, layer)

    def _tell_found(self) -> None:
        if self._found:
            self._layer(self._stage, self._found)
            self._found = ""

    def _failed(self, error: str) -> BuildFailed:
        self._job.log(f"{error}\n")
        if self._at_base():
            base = self.instruction.split()[1] if len(self.instruction.split()) > 1 else "?"
            return BuildFailed(
                f"The base image {base} is not to be had: {error}. Pull or make it on this machine, or set "
                "MODELSERVER_BASE_IMAGE_PREFIX to a mirror that has it."
            )
        return BuildFailed("\n".join([f"`{self.instruction}` failed: {error}", *self._causes()]))

    def _at_base(self) -> bool:
        return self.instruction.upper().startswith("FROM ")

    def _causes(self) -> list[str]:
        """The lines that name a cause; without any, the last ones."""
        causes = [line for line in self._words if _CAUSE.search(line)]
        return causes[-8:] or list(self._words)[-8:]


def _status(message: Object) -> str:
    """A line on a base image that is being pulled."""
    if "status" not in message:
        return ""
    return f"{message.get('id', '')} {message['status']}".strip() + "\n"
