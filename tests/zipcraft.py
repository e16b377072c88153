"""Zips made byte by byte, so that each field can lie. What is not overridden is true."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass, field
from typing import TypeVar

Value = TypeVar("Value", int, bytes)

STORED, DEFLATED = 0, 8
STREAMED, UTF_8 = 0x0008, 0x0800
JID = b"name: andreas/scratch\nmodel: infer.py:Model\n"


def deflate(data: bytes) -> bytes:
    stream = zlib.compressobj(9, wbits=-15)
    return stream.compress(data) + stream.flush()


@dataclass(frozen=True)
class Entry:
    """One member. None means: as it truly is (central fields), or as the central field says (local fields).

    body: the packed bytes; behind: what follows them, a data descriptor for example; start: the local
    header's offset as the directory gives it; mode: Unix mode; dos: DOS attributes.
    """

    name: bytes
    data: bytes = b"data"
    method: int = STORED
    flags: int = UTF_8
    system: int = 3
    mode: int = 0o100644
    dos: int = 0
    body: bytes | None = None
    crc: int | None = None
    packed: int | None = None
    size: int | None = None
    extra: bytes = b""
    comment: bytes = b""
    disk: int = 0
    start: int | None = None
    behind: bytes = b""
    local_name: bytes | None = None
    local_flags: int | None = None
    local_method: int | None = None
    local_crc: int | None = None
    local_packed: int | None = None
    local_size: int | None = None
    local_extra: bytes = b""
    local_mark: bytes = b"PK\3\4"

    def packed_body(self) -> bytes:
        if self.body is not None:
            return self.body
        return deflate(self.data) if self.method == DEFLATED else self.data

    def numbers(self) -> tuple[int, int, int]:
        crc = zlib.crc32(self.data) if self.crc is None else self.crc
        packed = len(self.packed_body()) if self.packed is None else self.packed
        return crc, packed, len(self.data) if self.size is None else self.size

    def local(self) -> bytes:
        crc, packed, size = self.numbers()
        name = _or(self.local_name, self.name)
        fields = struct.pack(
            "<4s5H3L2H",
            self.local_mark,
            20,
            _or(self.local_flags, self.flags),
            _or(self.local_method, self.method),
            0,
            0x5000,
            _or(self.local_crc, crc),
            _or(self.local_packed, packed),
            _or(self.local_size, size),
            len(name),
            len(self.local_extra),
        )
        return fields + name + self.local_extra + self.packed_body() + self.behind

    def central(self, start: int) -> bytes:
        lengths = (len(self.name), len(self.extra), len(self.comment))
        fixed = struct.pack(
            "<4s6H3L5H2L",
            b"PK\1\2",
            self.system << 8 | 20,
            20,
            self.flags,
            self.method,
            0,
            0x5000,
            *self.numbers(),
            *lengths,
            self.disk,
            0,
            self.mode << 16 | self.dos,
            _or(self.start, start),
        )
        return fixed + self.name + self.extra + self.comment


def streamed(entry_name: bytes, data: bytes, form: str = "<LLL", mark: bytes = b"PK\7\10") -> Entry:
    """A member as it is written to a pipe: sizes follow in a data descriptor."""
    body = deflate(data)
    descriptor = mark + struct.pack(form, zlib.crc32(data), len(body), len(data))
    return Entry(
        entry_name,
        data,
        DEFLATED,
        UTF_8 | STREAMED,
        local_crc=0,
        local_packed=0,
        local_size=0,
        behind=descriptor,
    )


@dataclass(frozen=True)
class End:
    """The end records. None means true; wide: whether there is a zip64 end record, which then is true."""

    disk: int = 0
    count: int | None = None
    here: int | None = None
    size: int | None = None
    offset: int | None = None
    comment: bytes = b""
    comment_length: int | None = None
    wide: bool = False
    wide_count: int | None = None
    wide_offset: int | None = None
    wide_length: int = 44
    locator_offset: int | None = None
    locator_disks: int = 1

    def records(self, count: int, size: int, offset: int) -> bytes:
        narrow = struct.pack(
            "<4s4H2LH",
            b"PK\5\6",
            self.disk,
            0,
            _or(self.here, _or(self.count, min(count, 0xFFFF))),
            _or(self.count, min(count, 0xFFFF)),
            _or(self.size, min(size, 0xFFFFFFFF)),
            _or(self.offset, min(offset, 0xFFFFFFFF)),
            _or(self.comment_length, len(self.comment)),
        )
        return (self._wide(count, size, offset) if self.wide else b"") + narrow + self.comment

    def _wide(self, count: int, size: int, offset: int) -> bytes:
        count = _or(self.wide_count, count)
        numbers = (count, count, size, _or(self.wide_offset, offset))
        record = struct.pack("<4sQ2H2L4Q", b"PK\6\6", self.wide_length, 45, 45, 0, 0, *numbers)
        at = _or(self.locator_offset, offset + size)
        return record + struct.pack("<4sLQL", b"PK\6\7", 0, at, self.locator_disks)


@dataclass(frozen=True)
class Zip:
    """A whole zip. prefix, gap and suffix: bytes before the members, before the directory and at the end.

    shift: what is added to every offset, as a prefix that is accounted for would need.
    """

    entries: tuple[Entry, ...]
    end: End = field(default_factory=End)
    prefix: bytes = b""
    gap: bytes = b""
    suffix: bytes = b""
    shift: int = 0

    def bytes(self) -> bytes:
        body = bytearray(self.prefix)
        starts = []
        for entry in self.entries:
            starts.append(len(body) - len(self.prefix) + self.shift)
            body += entry.local()
        body += self.gap
        offset = len(body) - len(self.prefix) + self.shift
        pairs = zip(self.entries, starts, strict=True)
        directory = b"".join(entry.central(start) for entry, start in pairs)
        return bytes(body) + directory + self.end.records(len(starts), len(directory), offset) + self.suffix


def _or(given: Value | None, default: Value) -> Value:
    return default if given is None else given
