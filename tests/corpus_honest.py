"""Zips as honest tools write them, odd ones included. All of them are accepted."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace

from tests.corpus import Case, good, package
from tests.zipcraft import DEFLATED, JID, STORED, STREAMED, UTF_8, End, Entry, Zip, streamed

_ME = Entry(b"jid.yaml", JID)
_CODE = Entry(b"infer.py", b"class Model: ...")


def honest() -> Iterator[Case]:
    yield good("honest: plain", package)
    yield good("honest: deflated", lambda: package(Entry(b"a", b"text " * 999, DEFLATED)))
    yield good("honest: empty files", lambda: package(Entry(b"a", b""), Entry(b"b", b"", DEFLATED)))
    yield good("honest: a megabyte of zeroes", lambda: package(Entry(b"zeroes", bytes(10**6), DEFLATED)))
    yield good("honest: 60 MB of zeroes", lambda: package(Entry(b"zeroes", bytes(60 * 10**6), DEFLATED)))
    yield good("honest: nested zip", lambda: package(Entry(b"inner.zip", package())))
    yield good("honest: nested zip, last and stored", lambda: Zip((_ME, _CODE, Entry(b"z.zip", package()))).bytes())
    yield good("honest: made on Windows", lambda: package(Entry(b"a", system=0, mode=0, dos=0x20, flags=0)))
    yield good("honest: OneDrive's attributes", lambda: package(Entry(b"a", system=0, mode=0x48, dos=0x20)))
    yield good(
        "honest: comments", lambda: Zip((Entry(b"jid.yaml", JID, comment=b"hi"), _CODE), End(comment=b"x" * 40)).bytes()
    )
    yield good("honest: longest comment", lambda: Zip((_ME, _CODE), End(comment=b"c" * 65535)).bytes())
    yield good("honest: Info-ZIP's extra fields", lambda: package(_with_times(b"a")))
    yield good("honest: zipalign's padding", lambda: package(Entry(b"a", local_extra=bytes(3))))
    yield good("honest: UTF-8 without the flag", lambda: package(Entry("\u00fc".encode(), flags=0)))
    yield good("honest: its own Unicode name", lambda: package(_named_twice("\u00fc".encode())))
    yield from _folders()
    yield from _streamed()
    yield from _wide()


def _with_times(name: bytes) -> Entry:
    times = struct.pack("<2HBL", 0x5455, 5, 1, 10**9)
    owner = struct.pack("<2H2BLBL", 0x7875, 11, 1, 4, 1000, 4, 1000)
    return Entry(name, extra=times + owner, local_extra=struct.pack("<2HB2L", 0x5455, 9, 3, 1, 2) + owner)


def _named_twice(name: bytes) -> Entry:
    extra = struct.pack("<2HBL", 0x7075, 5 + len(name), 1, zlib.crc32(name)) + name
    return Entry(name, extra=extra, local_extra=extra)


def _folders() -> Iterator[Case]:
    wrapper, empty = Entry(b"w/", b"", mode=0o40755), Entry(b"w/e/", b"", mode=0o40755, dos=0x10)
    inside = (Entry(b"w/jid.yaml", JID), Entry(b"w/infer.py"), Entry(b"w/src/a.py"))
    litter = (Entry(b"__MACOSX/w/._a"), Entry(b"w/.DS_Store"), Entry(b"w/src/.DS_Store"))
    yield good("honest: wrapper folder", lambda: Zip((wrapper, *inside)).bytes())
    yield good("honest: wrapper without its own entry", lambda: Zip(inside).bytes())
    yield good("honest: wrapper and litter", lambda: Zip((wrapper, empty, *inside, *litter)).bytes())
    yield good("honest: empty folders", lambda: package(Entry(b"e/", b""), Entry(b"f/g/", b"", DEFLATED)))
    yield good("honest: folder after its files", lambda: package(Entry(b"e/a"), Entry(b"e/", b"")))


def _streamed() -> Iterator[Case]:
    yield good("streamed: as by zip and Python", lambda: package(streamed(b"a", b"text")))
    yield good("streamed: without a mark", lambda: package(streamed(b"a", b"text", mark=b"")))
    yield good("streamed: wide", lambda: package(streamed(b"a", b"text", "<LQQ")))
    yield good("streamed: wide, without a mark", lambda: package(streamed(b"a", b"text", "<LQQ", b"")))
    yield good(
        "streamed: as by Finder", lambda: Zip((streamed(b"m/jid.yaml", JID), streamed(b"m/infer.py", b""))).bytes()
    )
    yield good("streamed: sizes known all the same", lambda: package(_known()))
    yield good("streamed: stored", lambda: package(_stored()))


def _known() -> Entry:
    descriptor = b"PK\7\10" + struct.pack("<LLL", zlib.crc32(b"data"), 4, 4)
    return Entry(b"a", b"data", STORED, UTF_8 | STREAMED, behind=descriptor)


def _stored() -> Entry:
    descriptor = b"PK\7\10" + struct.pack("<LLL", zlib.crc32(b"data"), 4, 4)
    sized = Entry(b"a", b"data", STORED, UTF_8 | STREAMED, behind=descriptor)
    return replace(sized, local_crc=0, local_packed=0, local_size=0)


def wide_extra(*numbers: int) -> bytes:
    """A zip64 extra field with these 8-byte numbers."""
    return struct.pack(f"<2H{len(numbers)}Q", 1, 8 * len(numbers), *numbers)


def _wide() -> Iterator[Case]:
    fields = wide_extra(4, 4)
    both = Entry(b"a", packed=0xFFFFFFFF, size=0xFFFFFFFF, extra=fields, local_extra=fields)
    offset = Entry(b"jid.yaml", JID, start=0xFFFFFFFF, extra=wide_extra(0))
    local = Entry(b"a", local_packed=0xFFFFFFFF, local_size=0xFFFFFFFF, local_extra=fields)
    unneeded = Entry(b"a", extra=fields, local_extra=fields)
    yield good("zip64: sizes", lambda: package(both))
    yield good("zip64: offset", lambda: Zip((offset, _CODE)).bytes())
    yield good("zip64: local header only", lambda: package(local))
    yield good("zip64: where it is not needed", lambda: package(unneeded))
    yield good("zip64: end record", lambda: Zip((_ME, _CODE), End(wide=True)).bytes())
    yield good(
        "zip64: end record, marked", lambda: Zip((_ME, _CODE), End(wide=True, count=0xFFFF, offset=0xFFFFFFFF)).bytes()
    )
    yield good("zip64: 70,000 files", lambda: _many(70_000, wide=True))
    yield good("zip64: 65,535 files without it", lambda: _many(65_535, wide=False))


def _many(count: int, wide: bool) -> bytes:
    files = (Entry(b"d%d/f%d" % (number % 100, number), b"") for number in range(count - 2))
    return Zip((_ME, _CODE, *files), End(wide=wide)).bytes()
