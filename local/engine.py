"""The engine of one machine: a queue of builds, their logs and their outcomes as files.

What is done in a build is the Builder's; this file knows when, how many at once, and how it ended.
"""

from __future__ import annotations

import json
import logging
import shutil
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from local.files import write_atomically
from local.job import Job
from modelserver.archive import Archive, Limits, open_archive
from modelserver.errors import Problem
from modelserver.jsontypes import Object
from modelserver.package import Outcome, Package
from modelserver.ports import Storage

_TAIL = 4096


class Builder(Protocol):
    """Makes the artifacts of one package on this machine."""

    @property
    def name(self) -> str:
        """ "docker" or "process"."""

    def build(self, package: Package, archive: Archive, job: Job) -> Outcome:
        """Builds, tests, pushes. Raises a Problem; leaves nothing behind then, whatever is raised."""

    def clean(self, package: Package) -> None:
        """Removes what an interrupted build of this package left. No error if there is nothing."""

    def remove(self, package: Package) -> None:
        """Removes the artifacts themselves from this machine."""


@dataclass(frozen=True)
class Bounds:
    """builds: how many at once. seconds: for one build. limits: of the zips it reads."""

    builds: int
    seconds: float
    limits: Limits


class LocalEngine:
    """Port Engine. folder: one sub-folder for each build, with log.txt and, at the end, outcome.json."""

    def __init__(self, builder: Builder, storage: Storage, folder: Path, bounds: Bounds) -> None:
        self._builder = builder
        self._storage = storage
        self._folder = folder
        self._bounds = bounds
        self._changed = threading.Condition()
        self._jobs: dict[str, Job] = {}
        self._pool = ThreadPoolExecutor(bounds.builds, thread_name_prefix="build")
        self._listeners: list[Callable[[Package], None]] = []

    @property
    def name(self) -> str:
        return self._builder.name

    def listen(self, ended: Callable[[Package], None]) -> None:
        """`ended` is called, from a build's thread, with each package whose build has its outcome."""
        self._listeners.append(ended)

    def submit(self, package: Package) -> None:
        with self._changed:
            if package.build in self._jobs or self._read(package) is not None:
                return
            self._path(package).mkdir(parents=True, exist_ok=True)
            job = Job(self._path(package) / "log.txt", self._bounds.seconds)
            self._jobs[package.build] = job
        self._pool.submit(self._run, package, job)

    def wait(self, package: Package, seconds: float) -> Outcome | None:
        """Also for a build that another thread is about to submit."""
        with self._changed:
            self._changed.wait_for(lambda: self._has_ended(package), seconds)
        return self._read(package)

    def log(self, package: Package, offset: int) -> bytes:
        try:
            with (self._path(package) / "log.txt").open("rb") as log:
                log.seek(offset)
                return log.read(1024**2)
        except FileNotFoundError:
            return b""

    def cancel(self, package: Package) -> None:
        if job := self._jobs.get(package.build):
            job.cancel()
            with self._changed:
                self._changed.wait_for(lambda: package.build not in self._jobs)

    def remove(self, package: Package) -> None:
        self._builder.remove(package)
        shutil.rmtree(self._path(package), ignore_errors=True)

    def close(self) -> None:
        """Stops every build without an outcome, so that the next start takes it up again."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, package: Package, job: Job) -> None:
        outcome = self._attempt(package, job)
        write_atomically(self._path(package) / "outcome.json", json.dumps(outcome.to_json()).encode())
        job.close()
        with self._changed:
            del self._jobs[package.build]
            self._changed.notify_all()
        for ended in self._listeners:
            ended(package)

    def _attempt(self, package: Package, job: Job) -> Outcome:
        try:
            job.start()
            self._builder.clean(package)
            return self._build(package, job)
        except Problem as problem:
            job.log(f"{problem.title}: {problem.detail}\n")
            return Outcome(error=self._explained(package, problem.to_json()))
        except Exception:
            logging.exception("the build %s of package %s broke", package.build, package.id)
            return Outcome(error=self._explained(package, Problem("The server could not build it.").to_json()))

    def _build(self, package: Package, job: Job) -> Outcome:
        reader = self._storage.open(package.upload)
        try:
            outcome = self._builder.build(package, open_archive(reader, self._bounds.limits), job)
        finally:
            reader.close()
        if outcome.error:
            return Outcome(outcome.artifacts, outcome.schema, outcome.test, self._explained(package, outcome.error))
        return outcome

    def _explained(self, package: Package, problem: Object) -> Object:
        """With the package's ID and the end of its log, for whoever reads only the answer."""
        log = (self._path(package) / "log.txt").read_bytes()[-_TAIL:]
        return problem | {"ID": str(package.id), "log": log.decode(errors="replace")}

    def _read(self, package: Package) -> Outcome | None:
        try:
            return Outcome.from_json(json.loads((self._path(package) / "outcome.json").read_bytes()))
        except FileNotFoundError:
            return None

    def _has_ended(self, package: Package) -> bool:
        return package.build not in self._jobs and (self._path(package) / "outcome.json").exists()

    def _path(self, package: Package) -> Path:
        return self._folder / package.build
