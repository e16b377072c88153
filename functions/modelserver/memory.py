"""The ports in memory: what the tests plug in, and the reference reading of each contract."""

from __future__ import annotations

import hashlib
import threading
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Set
from dataclasses import dataclass, replace

from modelserver.errors import BuildCancelled, NotReady, TooLarge
from modelserver.package import Outcome, Package, PackageID
from modelserver.paging import cursor, position
from modelserver.ports import Call, Page, Query, Reply, Upload
from modelserver.record import Record, written
from modelserver.stages import Stage


@dataclass(frozen=True)
class MemoryReader:
    """Port Reader."""

    data: bytes

    @property
    def size(self) -> int:
        return len(self.data)

    def read_at(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]

    def link(self, filename: str) -> str | None:
        return None

    def descriptor(self) -> int | None:
        return None

    def close(self) -> None:
        pass


class MemoryStorage:
    """Port Storage."""

    def __init__(self) -> None:
        self._zips: dict[str, tuple[float, bytes]] = {}
        self._kept: set[str] = set()

    def receive(self, chunks: Iterable[bytes], limit: int) -> Upload:
        data = bytearray()
        for chunk in chunks:
            data += chunk
            if len(data) > limit:
                raise TooLarge(f"The zip has more than {limit:,} bytes, the most that a request may bring.")
        name = uuid.uuid4().hex
        self._zips[name] = time.time(), bytes(data)
        return Upload(name, len(data), hashlib.sha256(data).hexdigest())

    def keep(self, name: str) -> None:
        if name not in self._zips:
            raise KeyError(name)
        self._kept.add(name)

    def open(self, name: str) -> MemoryReader:
        return MemoryReader(self._zips[name][1])

    def mend(self, stored: Upload, again: Upload) -> bool:
        _, data = self._zips.get(stored.name, (0, None))
        if data is None or hashlib.sha256(data).hexdigest() != stored.sha256:
            if data is None or again.sha256 != stored.sha256:
                return False
            self._zips[stored.name] = self._zips[again.name]
        self.delete(again.name)
        return True

    def discard(self, name: str) -> None:
        if name not in self._kept:
            self._zips.pop(name, None)

    def delete(self, name: str) -> None:
        self._zips.pop(name, None)
        self._kept.discard(name)

    def sweep(self, known: Set[str], older_than: float) -> int:
        until = time.time() - older_than
        old = [name for name, (came, _) in self._zips.items() if name not in known and came <= until]
        for name in old:
            self.delete(name)
        return len(old)


class MemoryDatabase:
    """Port Database."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._packages: dict[PackageID, Package] = {}

    def claim(self, package: Package) -> Package:
        with self._lock:
            return self._packages.setdefault(package.id, package)

    def get(self, package_id: PackageID) -> Package | None:
        return self._packages.get(package_id)

    def swap(self, old: Package, new: Package) -> bool:
        with self._lock:
            if not self._still(old):
                return False
            self._packages[new.id] = new
            return True

    def list(self, query: Query) -> Page:
        after = position(query.after) if query.after else None
        with self._lock:
            newest = sorted(self._packages.values(), key=lambda p: (p.created, p.id), reverse=True)
        fitting = [
            package
            for package in newest
            if query.status in (None, package.status)
            and query.name in ("", package.config.name)
            and (after is None or (package.created, package.id) < after)
        ]
        more = len(fitting) > query.limit
        records = tuple(Record(written(package)) for package in fitting[: query.limit])
        return Page(records, cursor(fitting[query.limit - 1]) if more else "")

    def delete(self, package: Package) -> bool:
        with self._lock:
            if not self._still(package):
                return False
            del self._packages[package.id]
            return True

    def _still(self, package: Package) -> bool:
        known = self._packages.get(package.id)
        return known is not None and (known.build, known.status) == (package.build, package.status)


class MemoryEngine:
    """Port Engine. A build waits until somebody calls `end` for it."""

    name = "memory"

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._outcomes: dict[str, Outcome | None] = {}

    def submit(self, package: Package) -> None:
        with self._changed:
            self._outcomes.setdefault(package.build, None)

    def end(self, package: Package, outcome: Outcome) -> None:
        """Ends a build that was submitted and has not ended."""
        with self._changed:
            if self._outcomes[package.build] is None:
                self._outcomes[package.build] = outcome
            self._changed.notify_all()

    def wait(self, package: Package, seconds: float) -> Outcome | None:
        with self._changed:
            self._changed.wait_for(lambda: self._outcomes.get(package.build), seconds)
            return self._outcomes.get(package.build)

    def log(self, package: Package, offset: int) -> bytes:
        return b"building\n"[offset:] if package.build in self._outcomes else b""

    def stages(self, package: Package) -> tuple[Stage, ...]:
        if outcome := self._outcomes.get(package.build):
            return outcome.stages
        return (Stage("build"),) if package.build in self._outcomes else ()

    def cancel(self, package: Package) -> None:
        if package.build in self._outcomes:
            self.end(package, Outcome(error=BuildCancelled("The build was cancelled.").to_json()))

    def remove(self, package: Package) -> None:
        self._outcomes.pop(package.build, None)


class MemoryRunner:
    """Port Runner. models: by build, what answers; put there by whoever plays the engine. started: the builds that run.

    An answer raises ConnectionError from the moment on at which its package is removed.
    """

    name = "memory"

    def __init__(self) -> None:
        self.models: dict[str, Callable[[Call], Reply]] = {}
        self.started: set[str] = set()

    def infer(self, package: Package, call: Call) -> Reply:
        if package.build not in self.models:
            raise NotReady("The package has nothing that can be run here.")
        fresh = package.build not in self.started
        self.started.add(package.build)
        reply = self.models[package.build](call)
        return replace(reply, body=self._while_started(package, reply.body), started=fresh)

    def remove(self, package: Package) -> None:
        self.started.discard(package.build)

    def _while_started(self, package: Package, body: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in body:
            if package.build not in self.started:
                raise ConnectionResetError("the package was removed")
            yield chunk
