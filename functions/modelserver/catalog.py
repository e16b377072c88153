"""The use cases. They know packages and ports; no HTTP, no Google, no Docker."""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator
from datetime import datetime, timezone

from modelserver.errors import Conflict, PackageNotFound
from modelserver.inspection import Inspection, Rules, inspect_config, inspect_zip
from modelserver.package import Package, PackageID
from modelserver.ports import Database, Engine, Page, Query, Reader, Storage, Upload

_GLANCE = 0.1


class Catalog:
    """All that can be done with packages. Safe to use from many threads and many processes at once."""

    def __init__(self, storage: Storage, database: Database, engine: Engine, rules: Rules) -> None:
        self._storage = storage
        self._database = database
        self._engine = engine
        self._rules = rules

    def check_zip(self, chunks: Iterable[bytes]) -> Inspection:
        """What an upload of this zip would make of it; nothing stays. Raises InvalidPackage, TooLarge."""
        upload = self._storage.receive(chunks, self._rules.max_upload)
        try:
            return self._inspect(upload)
        finally:
            self._storage.delete(upload.name)

    def check_config(self, text: bytes) -> Inspection:
        """The same for a jid.yaml alone."""
        return inspect_config(text, self._rules)

    def upload(self, chunks: Iterable[bytes]) -> tuple[Package, bool]:
        """Takes in a zip and starts its build; the package, and whether this upload started one.

        Content that is known is not stored or built again, unless its last build failed.
        Raises InvalidPackage, TooLarge, NoSpace: then nothing has changed.
        """
        upload = self._storage.receive(chunks, self._rules.max_upload)
        try:
            package, known = self._admit(upload)
        except BaseException:
            self._storage.delete(upload.name)
            raise
        if not known:
            known = self._record(package)
        started = known.upload == upload.name
        if started:
            self._engine.submit(known)
        else:
            self._storage.delete(upload.name)
        return known, started

    def get(self, package_id: PackageID) -> Package:
        """Raises PackageNotFound."""
        package = self._database.get(package_id)
        if package is None:
            raise PackageNotFound(f"No package has the ID {package_id}. GET /v1/packages/ lists those that are ready.")
        return package

    def wait(self, package: Package, seconds: float) -> Package:
        """The package when its build has ended, or as it is after `seconds`."""
        if package.status != "building":
            return package
        self._engine.wait(package, seconds)
        return self.settle(package)

    def settle(self, package: Package) -> Package:
        """Records how the package's build ended, once, if it has; the package as recorded now."""
        outcome = self._engine.wait(package, 0) if package.status == "building" else None
        if outcome:
            self._database.swap(package, package.ended(outcome))
        return self.get(package.id)

    def ended(self, package: Package) -> None:
        """For an engine to call when a build has ended; what a deleted package left is removed."""
        try:
            self.settle(package)
        except PackageNotFound:
            self._forget(package)

    def open_zip(self, package: Package) -> Reader:
        """The zip byte for byte; the caller closes it. Raises PackageNotFound if it is gone by now."""
        try:
            return self._storage.open(package.upload)
        except KeyError:
            raise PackageNotFound(f"The package {package.id} has just been deleted.") from None

    def log(self, package: Package) -> Iterator[bytes]:
        """The newest build's log, as far as it is written."""
        offset = 0
        while data := self._engine.log(package, offset):
            offset += len(data)
            yield data

    def follow(self, package: Package) -> Iterator[bytes]:
        """The newest build's log, until the build ends; b"" now and then while nothing is new."""
        offset, ended = 0, False
        while not ended:
            ended = package.status != "building" or self._engine.wait(package, _GLANCE) is not None
            while data := self._engine.log(package, offset):
                offset += len(data)
                yield data
            yield b""

    def list(self, query: Query) -> Page:
        """Raises ValueError when query.after is no page token."""
        return self._database.list(query)

    def delete(self, package_id: PackageID) -> None:
        """Cancels a build under way and removes all that belongs to the package. Raises PackageNotFound."""
        package = self.get(package_id)
        if package.status == "building":
            self._engine.cancel(package)
            package = self.settle(package)
        if not self._database.delete(package):
            raise Conflict(f"The package {package_id} changed while it was being deleted. Try again.")
        self._forget(package)

    def resume(self) -> None:
        """At a start: takes up interrupted builds and removes zips that no record names."""
        known: set[str] = set()
        query = Query(status=None, limit=1000)
        while True:
            page = self._database.list(query)
            known |= {package.upload for package in page.packages}
            for package in page.packages:
                self._take_up(package)
            if not page.next:
                break
            query = Query(status=None, limit=1000, after=page.next)
        self._storage.sweep(known, self._rules.sweep_after)

    def _take_up(self, package: Package) -> None:
        if package.status == "building":
            self._engine.submit(package)
            self.settle(package)

    def _inspect(self, upload: Upload) -> Inspection:
        reader = self._storage.open(upload.name)
        try:
            return inspect_zip(reader, self._rules)
        finally:
            reader.close()

    def _admit(self, upload: Upload) -> tuple[Package, Package | None]:
        """Checks and stores: the new package, not recorded yet, or the known one with the same content."""
        package = _package(upload, self._inspect(upload))
        known = self._database.get(package.id)
        if known and known.status != "failed":
            return package, known
        self._storage.keep(upload.name)
        return package, None

    def _record(self, package: Package) -> Package:
        """After its zip is stored: a crash leaves no record without its zip. What is recorded now."""
        known = self._database.claim(package)
        if known.status == "failed" and self._database.swap(known, package):
            self._forget(known)
            return package
        return known

    def _forget(self, package: Package) -> None:
        self._engine.remove(package)
        self._storage.delete(package.upload)


def _package(upload: Upload, inspection: Inspection) -> Package:
    if inspection.id is None:
        raise ValueError("a jid.yaml alone is no package")
    return Package(
        id=inspection.id,
        config=inspection.config,
        created=datetime.now(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z"),
        size=upload.size,
        sha256=upload.sha256,
        upload=upload.name,
        build=uuid.uuid4().hex,
        completion=inspection.completion,
    )
