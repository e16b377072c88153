"""Is what is stored still what was uploaded? One package at a time, every byte read, nothing changed."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field

from modelserver.archive import Limits, open_archive
from modelserver.errors import InvalidPackage
from modelserver.package import Package
from modelserver.ports import Reader, Storage

AGAIN = "upload the same content again: it takes the place of what is damaged"
ANEW = "DELETE the package, then upload it again"
_CHUNK = 1024**2
_ANY_SIZE = 1 << 62
UNLIMITED = Limits(entries=_ANY_SIZE, unpacked=_ANY_SIZE, ratio=_ANY_SIZE)
"""What was accepted once stays a package, however the server is set today."""


@dataclass(frozen=True)
class Damage:
    """One thing that is wrong. subject: a package's ID, or the name of what lies in the store.

    what: as a sentence without its end; cure: what to do about it.
    """

    subject: str
    what: str
    cure: str


@dataclass
class Found:
    """What an audit saw. count: packages by status; size: bytes of their zips; notes: what is no damage, how often."""

    count: Counter[str] = field(default_factory=Counter)
    size: int = 0
    damage: list[Damage] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)

    def lines(self, where: str) -> Iterator[str]:
        """For people. where: whose packages they are."""
        counted = ", ".join(f"{self.count[status]} {status}" for status in ("ready", "building", "failed"))
        yield f"{where}: {self.count.total()} packages ({counted}), {self.size:,} bytes of zips read"
        for note, count in sorted(self.notes.items()):
            yield f"  {count} {note}"
        for damage in self.damage:
            yield f"DAMAGED {damage.subject}: {damage.what}\n  cure: {damage.cure}"
        yield f"{len(self.damage)} damaged" if self.damage else "all sound"


def record_damage(package: Package) -> Iterator[Damage]:
    """What a record says against itself."""
    if package.status == "ready" and (not package.artifacts or package.error):
        yield Damage(package.id, "it is ready, and has no artifact or an error", ANEW)
    if package.status == "failed" and (package.artifacts or not package.error):
        yield Damage(package.id, "it failed, and has artifacts or no error", ANEW)
    if package.status == "ready" and package.test.get("Passed") is False:
        yield Damage(package.id, "it is ready, and its record says that it did not pass its test", ANEW)


def zip_damage(package: Package, storage: Storage, threads: int) -> Iterator[Damage]:
    """The zip against its record: there, its size, its SHA-256, and the ID of what is in it. Reads it twice."""
    try:
        reader = storage.open(package.upload)
    except KeyError:
        yield Damage(package.id, f"its zip {package.upload} is not in the store", AGAIN)
        return
    with closing(reader):
        yield from _bytes_damage(package, reader) or _content_damage(package, reader, threads)


def _bytes_damage(package: Package, reader: Reader) -> list[Damage]:
    if reader.size != package.size:
        what = f"its zip {package.upload} has {reader.size} bytes; {package.size} were uploaded"
        return [Damage(package.id, what, AGAIN)]
    if (found := sha256(reader)) != package.sha256:
        what = f"its zip {package.upload} has SHA-256 {found}; what was uploaded had {package.sha256}"
        return [Damage(package.id, what, AGAIN)]
    return []


def _content_damage(package: Package, reader: Reader, threads: int) -> list[Damage]:
    """The bytes are those that were uploaded: then the record has another one's ID."""
    try:
        found = str(open_archive(reader, UNLIMITED).tree_id(threads))
    except InvalidPackage as bad:
        found = f"none, for it is no package: {bad.faults[0].detail if bad.faults else bad.detail}"
    if found == package.id:
        return []
    return [Damage(package.id, f"the files in its zip {package.upload} have another ID: {found}", ANEW)]


def sha256(reader: Reader) -> str:
    """Of all its bytes, hex."""
    digest = hashlib.sha256()
    for offset in range(0, reader.size, _CHUNK):
        digest.update(reader.read_at(offset, _CHUNK))
    return digest.hexdigest()
