"""Looking after packages that are known. It knows no HTTP, no Google, no Docker; new ones are intake.py's."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timezone

from modelserver.errors import Conflict, PackageNotFound
from modelserver.package import Outcome, Package, PackageID
from modelserver.ports import Page, Ports, Query, Reader

_GLANCE = 0.1


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
        silent = package.status == "building" and _age(package) > self._heal_after
        return self.settle(package) if silent else package

    def wait(self, package: Package, seconds: float) -> Package:
        """The package when its build has ended, or as it is after `seconds`."""
        if package.status != "building":
            return package
        self._ports.engine.wait(package, seconds)
        return self.settle(package)

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
        """The zip byte for byte; the caller closes it. Raises PackageNotFound if it is gone by now."""
        try:
            return self._ports.storage.open(package.upload)
        except KeyError:
            raise PackageNotFound(f"The package {package.id} has just been deleted.") from None

    def log(self, package: Package) -> Iterator[bytes]:
        """The newest build's log, as far as it is written."""
        offset = 0
        while data := self._ports.engine.log(package, offset):
            offset += len(data)
            yield data

    def follow(self, package: Package) -> Iterator[bytes]:
        """The newest build's log, until the build ends; b"" now and then while nothing is new."""
        offset, ended = 0, False
        while not ended:
            ended = package.status != "building" or self._ports.engine.wait(package, _GLANCE) is not None
            while data := self._ports.engine.log(package, offset):
                offset += len(data)
                yield data
            yield b""

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

    def resume(self, sweep_after: float) -> None:
        """At a start: takes up interrupted builds and removes zips that no record names.

        sweep_after: seconds for which such a zip is left alone.
        """
        known: set[str] = set()
        query = Query(status=None, limit=1000)
        while True:
            page = self._ports.database.list(query)
            known |= {package.upload for package in page.packages}
            for package in page.packages:
                self._take_up(package)
            if not page.next:
                break
            query = Query(status=None, limit=1000, after=page.next)
        self._ports.storage.sweep(known, sweep_after)

    def _known(self, package_id: PackageID) -> Package:
        package = self._ports.database.get(package_id)
        if package is None:
            raise PackageNotFound(f"No package has the ID {package_id}. GET /v1/packages/ lists those that are ready.")
        return package

    def _take_up(self, package: Package) -> None:
        if package.status == "building":
            self._ports.engine.submit(package)
            self.settle(package)

    def _forget(self, package: Package) -> None:
        self._ports.engine.remove(package)
        self._ports.storage.delete(package.upload)


def _age(package: Package) -> float:
    """Seconds since it was created."""
    return (datetime.now(timezone.utc) - datetime.fromisoformat(package.created.replace("Z", "+00:00"))).total_seconds()
