"""Is a data folder still what its server answered? Every record, zip, log and artifact, and what nobody names.

It works beside a running server, and on a folder whose server has ended, however it did. What looks damaged beside
a server is looked at once more after a moment, as the server may just be at it. Nothing is written.
"""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from local.artifacts import docker_damage, process_damage
from local.files import FileStorage
from local.leftovers import Leftover, Leftovers
from local.records import Records
from modelserver.archive import open_archive
from modelserver.audit import AGAIN, ANEW, UNLIMITED, Damage, Found, record_damage, zip_damage
from modelserver.errors import InvalidPackage, Misconfigured, Unavailable
from modelserver.package import Outcome, Package, PackageID

_MOMENT = 3.0
_RESTORE = "restore packages.sqlite from a copy"


class Audit:
    """data: the folder of a server. running: whether one has it now."""

    def __init__(self, data: Path) -> None:
        """Raises Misconfigured if it is no such folder."""
        self._data = data.resolve()
        if not (self._data / "packages.sqlite").is_file():
            raise Misconfigured(f"{data} is no data folder: it has no packages.sqlite. Name one: --data FOLDER.")
        self.running = is_running(self._data)
        self.records = Records(self._data / "packages.sqlite", self.running)
        self._storage = FileStorage(self._data)
        self._threads = os.cpu_count() or 1

    def all(self) -> Found:
        """Records that SQLite cannot read are all that is told then: nothing can be compared with them."""
        found = Found(damage=list(self.records.damage()))
        if found.damage:
            return found
        left = self._left()
        suspects = [package_id for package_id in self.records.ids() if self._look(package_id, found)]
        if self.running and (suspects or left):
            time.sleep(_MOMENT)
            left &= self._left()
        for package_id in suspects:
            found.damage += self._look(package_id, Found())
        self._tell(left, found)
        return found

    def _look(self, package_id: PackageID, found: Found) -> list[Damage]:
        """One package, as it is recorded now."""
        try:
            package = self.records.get(package_id)
        except ValueError as error:
            return [Damage(package_id, str(error), _RESTORE)]
        if package is None:
            return []
        found.count[package.status] += 1
        found.size += package.size
        return [*record_damage(package), *self._zip_damage(package), *self._build_damage(package, found)]

    def _zip_damage(self, package: Package) -> Iterator[Damage]:
        """Only a package whose build has not begun may have its zip in `staging` still."""
        if package.status != "building" and not (self._data / "packages" / f"{package.upload}.zip").exists():
            yield Damage(package.id, f"its zip packages/{package.upload}.zip is not there", AGAIN)
        else:
            yield from zip_damage(package, self._storage, self._threads)

    def _build_damage(self, package: Package, found: Found) -> Iterator[Damage]:
        if package.status == "building":
            found.notes["is being built" if self.running else "is to be built after the next start"] += 1
            return
        folder = self._data / "builds" / package.build
        if package.status == "ready" and not (folder / "log.txt").is_file():
            yield Damage(package.id, f"the log of its build is not there: {folder / 'log.txt'}", ANEW)
        yield from _outcome_damage(package, folder / "outcome.json")
        try:
            yield from self._artifact_damage(package)
        except Unavailable:
            found.notes["has images that were not looked at: no Docker engine answers"] += 1

    def _artifact_damage(self, package: Package) -> Iterator[Damage]:
        for artifact in package.artifacts:
            if artifact.target.startswith("docker-"):
                yield from docker_damage(package, artifact)
                continue
            try:
                with closing(self._storage.open(package.upload)) as reader:
                    archive = open_archive(reader, UNLIMITED)
                    yield from process_damage(package, artifact, archive, self._data / "processes")
            except (KeyError, InvalidPackage):
                continue  # its zip is known to be damaged by now

    def _left(self) -> set[Leftover]:
        files = Leftovers(self._data)
        left = set(files.beside(self.records.known(), self.records.leaving()))
        return {each for each in left if not (self.running and each.is_arriving)}

    def _tell(self, left: set[Leftover], found: Found) -> None:
        for each in sorted(left, key=lambda each: each.path):
            if each.expected and not self.running:
                found.notes[f"file or folder goes at the next start: {each.what}"] += 1
            else:
                found.damage.append(each.damage(self._data))


def is_running(data: Path) -> bool:
    """Whether a server has the folder."""
    try:
        with (data / "lock").open() as lock:
            fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _outcome_damage(package: Package, path: Path) -> Iterator[Damage]:
    """What the engine kept against what was recorded; a full disk, or a build never begun, may have kept nothing."""
    try:
        outcome = Outcome.from_json(json.loads(path.read_bytes()))
    except FileNotFoundError:
        return
    except (ValueError, LookupError, TypeError) as error:
        yield Damage(package.id, f"{path} cannot be read: {error!r}", ANEW)
        return
    if replace(package.ended(outcome), stages=package.stages) != package:
        yield Damage(package.id, f"its record is not what {path} says", ANEW)
