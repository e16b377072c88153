"""Taking in packages: received, checked, recorded, then kept and built."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime, timezone

from modelserver.arrival import Arrival, Hashed, Place
from modelserver.aside import Aside
from modelserver.beginning import begin_or_fail
from modelserver.errors import BadRequest, TooLarge
from modelserver.inspection import Inspection, Rules, inspect_config, inspect_zip
from modelserver.package import Package
from modelserver.ports import Ports, Session, Upload


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

    def upload(self, chunks: Iterable[bytes]) -> tuple[Package, bool]:
        """Takes in a zip and starts its build; the package, and whether this upload started one.

        Content that is known is not stored or built again, unless its last build failed.
        Raises InvalidPackage, TooLarge, NoSpace: then nothing has changed.
        """
        upload, hashed = self._receive(chunks)
        return self._take_in(upload, hashed)

    def upload_session(self, name: str) -> tuple[Package, bool]:
        """The same for a zip that came through a session. Raises BadRequest if there is no such session."""
        try:
            return self._take_in(self._ports.sessions.finish(name), {})
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

    def _take_in(self, upload: Upload, hashed: Mapping[Place, Hashed]) -> tuple[Package, bool]:
        try:
            package = _package(upload, self._inspect(upload, hashed))
            known = self._ports.database.get(package.id)
        except BaseException:
            self._ports.storage.discard(upload.name)
            raise
        if known is None or known.status == "failed":
            known = self._record(package)
        started = known.upload == upload.name and known.status == "building"
        if started:
            begin_or_fail(self._ports, known)
        elif known.upload != upload.name:
            self._ports.storage.delete(upload.name)
        return known, started

    def _inspect(self, upload: Upload, hashed: Mapping[Place, Hashed]) -> Inspection:
        reader = self._ports.storage.open(upload.name)
        try:
            return inspect_zip(reader, self._rules, hashed)
        finally:
            reader.close()

    def _record(self, package: Package) -> Package:
        """What is recorded now. What the record named before goes first: nothing stays that no record names."""
        known = self._ports.database.claim(package)
        if known.status != "failed":
            return known
        self._ports.engine.remove(known)
        if known.upload != package.upload:
            self._ports.storage.delete(known.upload)
        return package if self._ports.database.swap(known, package) else self._ports.database.claim(package)


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
