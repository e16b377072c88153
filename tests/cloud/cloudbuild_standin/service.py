"""The builds of the stand-in: created, found, cancelled, carried out in threads."""

from __future__ import annotations

import re
import threading
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any

from google.cloud.devtools.cloudbuild_v1 import Build

from tests.cloud.cloudbuild_standin.execution import Execution
from tests.cloud.cloudbuild_standin.rules import refusals
from tests.cloud.cloudbuild_standin.substitution import expand

_FILTER = re.compile(r"""(?P<key>tags|build_id|status)\s*=\s*(?P<quote>["']?)(?P<value>[\w.-]+)(?P=quote)""")
TERMINAL = {
    Build.Status.SUCCESS, Build.Status.FAILURE, Build.Status.INTERNAL_ERROR, Build.Status.TIMEOUT,
    Build.Status.CANCELLED, Build.Status.EXPIRED,
}  # fmt: skip


class Refused(Exception):
    """status: of HTTP; the text is for people."""

    def __init__(self, status: int, text: str) -> None:
        super().__init__(text)
        self.status = status


@dataclass
class _Kept:
    build: Build
    execution: Execution
    thread: threading.Thread


class Builds:
    """storage: URL of the storage emulator. at_once: how many builds run, 0 for none; the others are queued.

    changed: called with a copy of a build at each change of its status, and whether it is the last one.
    """

    def __init__(self, storage: str, changed: Callable[[Build, bool], None], at_once: int) -> None:
        self._storage = storage
        self._changed = changed
        self._slots = threading.Semaphore(at_once)
        self._lock = threading.Lock()
        self._kept: dict[str, _Kept] = {}
        self._names: dict[str, Build] = {}

    def create(self, project: str, location: str, build: Any) -> Build:
        """Raises Refused with everything that is wrong."""
        if wrong := refusals(build):
            raise Refused(400, "; ".join(wrong))
        build.id = str(uuid.uuid4())
        build.project_id = project
        build.name = f"projects/{project}/locations/{location}/builds/{build.id}"
        build.create_time = datetime.now(timezone.utc)
        expand(build, {"PROJECT_ID": project, "BUILD_ID": build.id, "LOCATION": location, **build.substitutions})
        execution = Execution(build, self._storage, self._note)
        thread = threading.Thread(target=self._run, args=(execution,), daemon=True)
        with self._lock:
            self._kept[build.id] = _Kept(build, execution, thread)
        build.status = Build.Status.QUEUED
        self._note(build)
        thread.start()
        return self.get(build.id)

    def get(self, build_id: str) -> Build:
        with self._lock:
            found = self._names.get(build_id)
        if found is None:
            raise Refused(404, f"Requested entity was not found: build {build_id}")
        return found

    def list(self, text: str) -> list[Build]:
        """Newest first. text: one condition, `tags="x"`, or several with AND."""
        conditions = [_FILTER.fullmatch(part.strip()) for part in text.split(" AND ")] if text else []
        if not all(conditions):
            raise Refused(400, f"invalid list filter: {text}")
        with self._lock:
            builds = list(self._names.values())
        found = [build for build in builds if all(_holds(match, build) for match in conditions if match)]
        return sorted(found, key=_created, reverse=True)

    def cancel(self, build_id: str) -> Build:
        """Raises Refused when it has ended."""
        if self.get(build_id).status in TERMINAL:
            raise Refused(400, "Cannot cancel a build that is not in progress")
        self._kept[build_id].execution.cancel()
        self._kept[build_id].thread.join(30)
        return self.get(build_id)

    def join(self, build_id: str) -> None:
        """Returns when it has ended."""
        self._kept[build_id].thread.join()

    def close(self) -> None:
        """Cancels what runs."""
        for kept in list(self._kept.values()):
            kept.execution.cancel()
            kept.thread.join(60)

    def _run(self, execution: Execution) -> None:
        """One that is cancelled in the queue needs no slot to end."""
        while not (has_slot := self._slots.acquire(timeout=0.1)) and not execution.is_cancelled:
            pass
        try:
            execution.run()
        finally:
            if has_slot:
                self._slots.release()

    def _note(self, build: Build) -> None:
        """Readers see copies: the build itself goes on changing in its thread."""
        copy = Build(Build.pb(build))
        with self._lock:
            self._names[build.id] = copy
        self._changed(copy, copy.status in TERMINAL)


def _created(build: Any) -> Any:
    return build.create_time


def _holds(match: re.Match[str], build: Build) -> bool:
    values = {"tags": list(build.tags), "build_id": [build.id], "status": [Build.Status(build.status).name]}
    return match["value"] in values[match["key"]]
