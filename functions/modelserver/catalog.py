"""Looking after packages that are known. It knows no HTTP, no Google, no Docker; new ones are intake.py's."""

from __future__ import annotations

import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass, field

from modelserver.beginning import begin
from modelserver.errors import Conflict, NoSpace, PackageNotFound, Unavailable
from modelserver.package import Outcome, Package, PackageID
from modelserver.ports import Page, Ports, Query, Reader
from modelserver.stages import News, Stage

_GLANCE = 0.1
_GLANCES = 20
_WHILE = 2.0


@dataclass(frozen=True)
class Known:
    """What the records name: keys in Storage, builds. ready: the IDs of packages whose artifacts are made.

    building: the packages whose builds are to be taken up, newest first.
    """

    uploads: set[str] = field(default_factory=set)
    builds: set[str] = field(default_factory=set)
    ready: set[str] = field(default_factory=set)
    building: list[Package] = field(default_factory=list)

    def add(self, package: Package, has_ended: bool) -> None:
        """has_ended: whether its build has, recorded or not."""
        self.uploads.add(package.upload)
        self.builds.add(package.build)
        if package.status != "failed" and has_ended:
            self.ready.add(package.id)
        if package.status == "building":
            self.building.append(package)


class Catalog:
    """What can be done with a package. Safe to use from many threads and many processes at once."""

    def __init__(self, ports: Ports, heal_after: float) -> None:
        self._ports = ports
        self._heal_after = heal_after

    def get(self, package_id: PackageID) -> Package:
        """Asks the engine how a build stands that has been silent for long: its message may be lost.

        Raises PackageNotFound.
        """
        package = self._known(package_id)
        return self.settle(package) if self._is_silent(package) else package

    def wait(self, package: Package, seconds: float) -> Package:
        """The package when its build has ended, or as it is after `seconds`.

        The record is read again now and then: if another build took this one's place, that one is waited for. A
        build that has been silent for long is begun again, once: whoever recorded it may have died before it began.
        Raises PackageNotFound when the package is deleted meanwhile.
        """
        until, begun = time.monotonic() + seconds, ""
        while package.status == "building":
            if package.build != begun and self._is_silent(package):
                begin(self._ports, package)
                begun = package.build
            left = until - time.monotonic()
            self._ports.engine.wait(package, max(0.0, min(left, _WHILE)))
            try:
                package = self.settle(package)
            except NoSpace:  # it has ended, and is stored: that is recorded when there is room again
                break
            if left <= 0:
                break
        return package

    def settle(self, package: Package) -> Package:
        """Records how the package's build ended, once, if it has; the package as recorded now."""
        outcome = self._ports.engine.wait(package, 0) if package.status == "building" else None
        if outcome:
            self._ports.database.swap(package, package.ended(outcome))
        return self._known(package.id)

    def ended(self, package: Package) -> None:
        """For an engine to call when a build has ended; what a deleted package left is removed."""
        try:
            self.settle(package)
        except PackageNotFound:
            self._forget(package)

    def record(self, package_id: PackageID, build: str, outcome: Outcome) -> None:
        """Records how a build ended, once: what is known of it already, and builds nobody waits for, change nothing."""
        package = self._ports.database.get(package_id)
        if package and package.status == "building" and package.build == build:
            self._ports.database.swap(package, package.ended(outcome))

    def open_zip(self, package: Package) -> Reader:
        """The zip byte for byte; the caller closes it. Raises PackageNotFound if it is gone by now, Unavailable if
        it is lost."""
        try:
            return self._ports.storage.open(package.upload)
        except KeyError:
            if self._ports.database.get(package.id) == package:
                raise Unavailable(
                    f"The zip of {package.id} is not in the store any more. Upload the same content again."
                ) from None
            raise PackageNotFound(f"The package {package.id} has just been deleted.") from None

    def log(self, package: Package) -> Iterator[bytes]:
        """The newest build's log, as far as it is written."""
        offset = 0
        while data := self._ports.engine.log(package, offset):
            offset += len(data)
            yield data

    def follow(self, package: Package) -> Iterator[bytes]:
        """The newest build's log, until the build ends; b"" now and then while nothing is new."""
        return (said for said in self.watch(package) if isinstance(said, bytes))

    def watch(self, package: Package) -> Iterator[bytes | Stage]:
        """The same, and the build's stages as they begin and end."""
        offset, ended, glances, news = 0, False, 0, News()
        while not ended:
            ended = package.status != "building" or self._engine_is_done(package) or self._is_replaced(package, glances)
            yield from news.of(self._ports.engine.stages(package))
            while data := self._ports.engine.log(package, offset):
                offset += len(data)
                yield data
            yield b""
            glances += 1

    def list(self, query: Query) -> Page:
        """Raises ValueError when query.after is no page token."""
        return self._ports.database.list(query)

    def delete(self, package_id: PackageID) -> None:
        """Cancels a build under way and removes all that belongs to the package. Raises PackageNotFound."""
        package = self._known(package_id)
        if package.status == "building":
            self._ports.engine.cancel(package)
            package = self.settle(package)
        if not self._ports.database.delete(package):
            raise Conflict(f"The package {package_id} changed while it was being deleted. Try again.")
        self._forget(package)

    def known(self) -> Known:
        """What is recorded now."""
        known, after = Known(), ""
        while True:
            page = self._ports.database.list(Query(status=None, limit=1000, after=after))
            for package in page.packages:
                known.add(package, package.status != "building" or self._ports.engine.wait(package, 0) is not None)
            after = page.next
            if not after:
                return known

    def resume(self, known: Known) -> None:
        """At a start: takes up interrupted builds, in the order of their uploads."""
        for package in reversed(known.building):
            self._take_up(package)

    def _engine_is_done(self, package: Package) -> bool:
        return self._ports.engine.wait(package, _GLANCE) is not None

    def _is_replaced(self, package: Package, glances: int) -> bool:
        """Deleted, or built anew; looked up once in many glances."""
        if glances % _GLANCES:
            return False
        known = self._ports.database.get(package.id)
        return known is None or known.build != package.build

    def _is_silent(self, package: Package) -> bool:
        return package.status == "building" and package.age > self._heal_after

    def _known(self, package_id: PackageID) -> Package:
        package = self._ports.database.get(package_id)
        if package is None:
            raise PackageNotFound(f"No package has the ID {package_id}. GET /v1/packages/ lists those that are ready.")
        return package

    def _take_up(self, package: Package) -> None:
        """One build that cannot be taken up does not keep the server from starting."""
        try:
            begin(self._ports, package)
            self.settle(package)
        except Exception:
            logging.exception("the build %s of package %s cannot be taken up", package.build, package.id)

    def _forget(self, package: Package) -> None:
        if package.status == "ready":
            self._ports.runner.remove(package)
        self._ports.engine.remove(package)
        self._ports.storage.delete(package.upload)
