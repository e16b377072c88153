"""The log of one build of Cloud Build: an object in a bucket of ours that is rewritten while it grows."""

from __future__ import annotations

import re

from modelserver.gcp.objects import Objects

_TRIES = 5


class BuildLog:
    """build_id: Cloud Build's own. The name is Cloud Build's too: `log-<build ID>.txt` (cloudbuild.proto)."""

    def __init__(self, objects: Objects, build_id: str) -> None:
        self._objects = objects
        self._key = f"log-{build_id}.txt"

    def read(self, offset: int, most: int) -> bytes:
        """Up to `most` bytes from `offset` on, b"" if there are none. A negative offset counts from the end."""
        for _ in range(_TRIES):
            found = self._objects.look(self._key)
            start = offset if found is None or offset >= 0 else max(0, found.size + offset)
            if found is None or start >= found.size:
                return b""
            try:
                return self._objects.fetch(found, start, min(start + most, found.size))
            except KeyError:
                continue  # rewritten between the two calls; it only grows
        return b""

    def remove(self) -> None:
        """No error if there is none."""
        self._objects.remove(self._key)


def lines_of(log: str, step: str) -> list[str]:
    """What one step printed. Cloud Build begins each line with the step's number and ID: none can pose as another's."""
    begins = re.compile(rf'Step #\d+ - "{re.escape(step)}": ')
    return [line[match.end() :] for line in log.split("\n") if (match := begins.match(line))]
