"""The engine of one machine: a queue of builds, their logs and their outcomes as files.

What is done in a build is the Builder's; this file knows when, how many at once, and how it ended.
"""

from __future__ import annotations

import json
import logging
import shutil
import threading
from collections.abc import Callable, Iterator, Set
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from local.files import write_atomically
from local.job import Job
from local.turns import Turns
from modelserver.archive import Archive, Limits, open_archive
from modelserver.errors import BuildCancelled, Problem, no_space
from modelserver.jsontypes import Object
from modelserver.package import Outcome, Package, PackageID
from modelserver.ports import Storage
from modelserver.stages import Stage

_TAIL = 4096


class Builder(Protocol):
    """Makes the artifacts of one package on this machine."""

    @property
    def name(self) -> str:
        """ "docker" or "process"."""

    def build(self, package: Package, archive: Archive, job: Job) -> Outcome:
        """Builds, tests, pushes. Raises a Problem; leaves nothing behind then, whatever is raised."""

    def test(self, package: Package, job: Job) -> Outcome:
        """The test once more, of the artifacts that are there; changes nothing. Raises a Problem."""

    def clean(self, package: Package) -> None:
        """Removes what an interrupted build of this package left. No error if there is nothing."""

    def remove(self, package: Package) -> None:
        """Removes the artifacts themselves from this machine."""

    def sweep(self, ready: Set[str]) -> None:
        """Removes what is kept in the server's own folder of packages whose ID is not named."""


@dataclass(frozen=True)
class Bounds:
    """builds: how many at once. seconds: for one build. limits: of the zips it reads."""

    builds: int
    seconds: float
    limits: Limits


@dataclass(frozen=True, eq=False)
class _Build:
    """A build that has no outcome yet."""

    package: Package
    job: Job


class LocalEngine:
    """Port Engine. folder: one sub-folder for each build, with log.txt and, at the end, outcome.json."""

    def __init__(self, builder: Builder, storage: Storage, folder: Path, bounds: Bounds) -> None:
        self._builder = builder
        self._storage = storage
        self._folder = folder
        self._bounds = bounds
        self._changed = threading.Condition()
        self._builds: dict[str, _Build] = {}
        self._unwritten: dict[str, Outcome] = {}
        self._newest: dict[PackageID, str] = {}
        self._busy: set[PackageID] = set()
        self._closing = False
        self._turns: Turns[_Build] = Turns()
        self._pool = ThreadPoolExecutor(bounds.builds, thread_name_prefix="build")
        self._listeners: list[Callable[[Package], None]] = []

    @property
    def name(self) -> str:
        return self._builder.name

    def listen(self, ended: Callable[[Package], None]) -> None:
        """`ended` is called, from a build's thread, with each package whose build has its outcome."""
        self._listeners.append(ended)

    def submit(self, package: Package) -> None:
        """While the engine is closing nothing is begun: the next start does it."""
        with self._changed:
            if self._closing or package.build in self._builds or self._read(package) is not None:
                return
            self._path(package).mkdir(parents=True, exist_ok=True)
            build = _Build(package, Job(self._path(package) / "log.txt", self._bounds.seconds))
            self._builds[package.build] = build
            self._newest[package.id] = package.build
            self._turns.add(package.config.name, build)
            self._pool.submit(self._run_next)

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

    def stages(self, package: Package) -> tuple[Stage, ...]:
        if build := self._builds.get(package.build):
            return build.job.stages.all()
        outcome = self._read(package)
        return outcome.stages if outcome else ()

    def cancel(self, package: Package) -> None:
        build = self._builds.get(package.build)
        if build is None:
            return
        build.job.cancel()
        with self._changed:
            was_waiting = self._turns.drop(package.config.name, build)
        if was_waiting:
            self._end(build, Outcome(error=self._explained(package, BuildCancelled("The build was cancelled."))))
        with self._changed:
            self._changed.wait_for(lambda: package.build not in self._builds)

    def remove(self, package: Package) -> None:
        """What a newer build of the same content has made stays: artifacts are named by the content."""
        if self._newest.get(package.id, package.build) == package.build:
            with self._alone(package):
                if self._newest.get(package.id, package.build) == package.build:
                    self._builder.remove(package)
        shutil.rmtree(self._path(package), ignore_errors=True)

    def sweep(self, builds: Set[str], ready: Set[str]) -> None:
        """Before anything is submitted: removes the folders of builds that are not named, files that were being
        written, and what the builder keeps of packages that are not ready."""
        for folder in self._folder.glob("*"):
            if folder.name not in builds:
                shutil.rmtree(folder, ignore_errors=True)
            for path in folder.glob(".*"):
                path.unlink(missing_ok=True)
        self._builder.sweep(ready)

    def close(self) -> None:
        """Stops every build and records nothing of it: the next start takes it up again."""
        with self._changed:
            self._closing = True
            builds = list(self._builds.values())
        for build in builds:
            build.job.cancel()
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _run_next(self) -> None:
        """For each that was submitted, one is run: not the same one, but whose turn it is."""
        with self._changed:
            build = self._turns.take()
        if build:
            self._run(build)

    def _run(self, build: _Build) -> None:
        with self._alone(build.package):
            outcome = replace(self._attempt(build.package, build.job), stages=build.job.stages.all())
        build.job.close()
        if not (self._closing and outcome.error.get("code") == BuildCancelled.code):
            self._end(build, outcome)

    def _end(self, build: _Build, outcome: Outcome) -> None:
        """However the disk is: a build that has ended is no longer under way."""
        package = build.package
        try:
            write_atomically(self._path(package) / "outcome.json", json.dumps(outcome.to_json()).encode())
        except OSError:
            logging.exception("the outcome of build %s is kept in memory only", package.build)
            self._unwritten[package.build] = outcome
        with self._changed:
            del self._builds[package.build]
            self._changed.notify_all()
        for ended in self._listeners:
            _told(ended, package)

    def _attempt(self, package: Package, job: Job) -> Outcome:
        try:
            job.start()
            self._builder.clean(package)
            return self._build(package, job)
        except Problem as problem:
            job.log(f"{problem.title}: {problem.detail}\n")
            return Outcome(error=self._explained(package, problem))
        except Exception as error:
            logging.exception("the build %s of package %s broke", package.build, package.id)
            return Outcome(error=self._explained(package, no_space(error) or Problem("The server could not build it.")))

    def _build(self, package: Package, job: Job) -> Outcome:
        reader = self._storage.open(package.upload)
        try:
            outcome = self._builder.build(package, open_archive(reader, self._bounds.limits), job)
        finally:
            reader.close()
        return replace(outcome, error=self._with_log(package, outcome.error)) if outcome.error else outcome

    @contextmanager
    def _alone(self, package: Package) -> Iterator[None]:
        """Nothing else is built or removed of the same content meanwhile."""
        with self._changed:
            self._changed.wait_for(lambda: package.id not in self._busy)
            self._busy.add(package.id)
        try:
            yield
        finally:
            with self._changed:
                self._busy.discard(package.id)
                self._changed.notify_all()

    def _explained(self, package: Package, problem: Problem) -> Object:
        return self._with_log(package, problem.to_json())

    def _with_log(self, package: Package, problem: Object) -> Object:
        """With the package's ID and the end of its log, for whoever reads only the answer."""
        try:
            log = (self._path(package) / "log.txt").read_bytes()[-_TAIL:]
        except OSError:
            log = b""
        return problem | {"ID": str(package.id), "log": log.decode(errors="replace")}

    def _read(self, package: Package) -> Outcome | None:
        if package.build in self._unwritten:
            return self._unwritten[package.build]
        try:
            return Outcome.from_json(json.loads((self._path(package) / "outcome.json").read_bytes()))
        except FileNotFoundError:
            return None

    def _has_ended(self, package: Package) -> bool:
        there = package.build in self._unwritten or (self._path(package) / "outcome.json").exists()
        return there and package.build not in self._builds

    def _path(self, package: Package) -> Path:
        return self._folder / package.build


def _told(ended: Callable[[Package], None], package: Package) -> None:
    try:
        ended(package)
    except Exception:
        logging.exception("the end of build %s could not be recorded", package.build)
