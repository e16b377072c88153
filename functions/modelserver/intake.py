"""Taking in packages: received, checked, recorded, then kept and built."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime, timezone

from modelserver.arrival import Arrival, Hashed, Place
from modelserver.aside import Aside
from modelserver.beginning import begin_or_fail
from modelserver.errors import BadRequest, NoSpace, TooLarge
from modelserver.inspection import Inspection, Rules, inspect_config, inspect_zip
from modelserver.package import Package
from modelserver.ports import Ports, Session, Upload
from modelserver.stages import Stages

RECEIVE = "receive"


class Intake:
    """The way in. Safe to use from many threads and many processes at once."""

    def __init__(self, ports: Ports, rules: Rules) -> None:
        self._ports = ports
        self._rules = rules

    def check_zip(self, chunks: Iterable[bytes]) -> Inspection:
        """What an upload of this zip would make of it; nothing stays. Raises InvalidPackage, TooLarge."""
        upload, hashed = self._receive(chunks)
        try:
            return self._inspect(upload, hashed)
        finally:
            self._ports.storage.discard(upload.name)

    def check_config(self, text: bytes) -> Inspection:
        """The same for a jid.yaml alone."""
        return inspect_config(text, self._rules)

    def upload(self, chunks: Iterable[bytes], stages: Stages | None = None) -> tuple[Package, bool]:
        """Takes in a zip and starts its build; the package, and whether this upload started one.

        stages: is told of `receive`, `check` and `store`.
        Content that is known is not stored or built again, unless its last build failed.
        Raises InvalidPackage, TooLarge, NoSpace: then nothing has changed.
        """
        stages = stages or Stages()
        with stages.stage(RECEIVE):
            upload, hashed = self._receive(chunks)
        return self._take_in(upload, hashed, stages)

    def upload_session(self, name: str, stages: Stages | None = None) -> tuple[Package, bool]:
        """The same for a zip that came through a session. Raises BadRequest if there is no such session."""
        stages = stages or Stages()
        try:
            with stages.stage(RECEIVE):
                upload = self._ports.sessions.finish(name)
            return self._take_in(upload, {}, stages)
        except KeyError:
            raise BadRequest(f"No upload is called {name!r}: it is used up, too old, or was never begun.") from None

    def begin(self, size: int, address: str) -> Session:
        """A place for a zip of `size` bytes that comes by itself. Raises BadRequest, TooLarge."""
        if size < 1:
            raise BadRequest("Size is the number of bytes of the zip, at least 1.")
        if size > self._rules.max_upload:
            raise TooLarge(f"This server takes zips of up to {self._rules.max_upload:,} bytes.")
        return self._ports.sessions.begin(size, address)

    def _receive(self, chunks: Iterable[bytes]) -> tuple[Upload, dict[Place, Hashed]]:
        arrival = Arrival()
        with Aside(arrival) as following:
            return self._ports.storage.receive(_also(chunks, following), self._rules.max_direct), arrival.hashed

    def _take_in(self, upload: Upload, hashed: Mapping[Place, Hashed], stages: Stages) -> tuple[Package, bool]:
        package, known = self._checked(upload, hashed, stages)
        with stages.stage("store"):
            return self._stored(package, known)

    def _stored(self, package: Package, known: Package | None) -> tuple[Package, bool]:
        replaced = None
        if known is None or known.status == "failed":
            known, replaced = self._record(package)
        started = known.upload == package.upload and known.status == "building"
        if started:
            self._begin(known, replaced)
        elif known.upload != package.upload:
            known = self._again(known, package)
        return known, started

    def _checked(
        self, upload: Upload, hashed: Mapping[Place, Hashed], stages: Stages
    ) -> tuple[Package, Package | None]:
        """The package in this zip, and what is recorded of it."""
        try:
            with stages.stage("check"):
                inspection = self._inspect(upload, hashed)
            package = replace(_package(upload, inspection), stages=stages.all())
            return package, self._ports.database.get(package.id)
        except BaseException:
            self._ports.storage.discard(upload.name)
            raise

    def _inspect(self, upload: Upload, hashed: Mapping[Place, Hashed]) -> Inspection:
        reader = self._ports.storage.open(upload.name)
        try:
            return inspect_zip(reader, self._rules, hashed)
        finally:
            reader.close()

    def _record(self, package: Package) -> tuple[Package, Package | None]:
        """What is recorded now, and the failed one in whose place it came, whose zip and log are there still."""
        try:
            known = self._ports.database.claim(package)
            if known.status != "failed":
                return known, None
            if self._ports.database.swap(known, package):
                return package, known
            return self._ports.database.claim(package), None
        except NoSpace:
            self._ports.storage.discard(package.upload)
            raise

    def _begin(self, package: Package, replaced: Package | None) -> None:
        """Raises NoSpace when there was no room to begin: then all is as it was before."""
        try:
            begin_or_fail(self._ports, package)
        except NoSpace:
            if replaced:
                self._ports.database.swap(package, replaced)
            else:
                self._ports.database.delete(package)
            self._forget(package, replaced)
            raise
        if replaced:
            self._forget(replaced, package)

    def _again(self, known: Package, package: Package) -> Package:
        """The same content once more. The first zip stays what is served, unless it is lost or damaged by now."""
        if known.status == "ready":
            if self._ports.storage.mend(_zip(known), _zip(package)):
                return known
            mended = replace(known, upload=package.upload, size=package.size, sha256=package.sha256)
            if self._ports.database.swap(known, mended):
                self._ports.storage.keep(mended.upload)
                self._ports.storage.delete(known.upload)
                return mended
        self._ports.storage.delete(package.upload)
        return known

    def _forget(self, package: Package, recorded: Package | None) -> None:
        """What is recorded no more; the zip of a session that was used twice is the other's too."""
        self._ports.engine.remove(package)
        if recorded is None or recorded.upload != package.upload:
            self._ports.storage.delete(package.upload)


def _zip(package: Package) -> Upload:
    return Upload(package.upload, package.size, package.sha256)


def _also(chunks: Iterable[bytes], look: Callable[[bytes], None]) -> Iterator[bytes]:
    for chunk in chunks:
        look(chunk)
        yield chunk


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
