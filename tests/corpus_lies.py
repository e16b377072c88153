"""Zips that say two things at once: about sizes, names, borders, or where they end."""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from tests.corpus import Case, bad, package
from tests.corpus_honest import wide_extra
from tests.zipcraft import DEFLATED, JID, STREAMED, UTF_8, End, Entry, Zip, deflate, streamed

_ME = Entry(b"jid.yaml", JID)
_A = Entry(b"a", b"text " * 99, DEFLATED)


def lies() -> Iterator[Case]:
    yield from _headers()
    yield from _data()
    yield from _descriptors()
    yield from _borders()
    yield from _ends()
    yield from _wide()
    yield from _cuts()
    yield from _bombs()


def _headers() -> Iterator[Case]:
    differing = {
        "name": replace(_A, local_name=b"b"),
        "longer name": replace(_A, local_name=b"a.py"),
        "checksum": replace(_A, local_crc=1),
        "checksum of nothing": replace(_A, local_crc=0),
        "size": replace(_A, local_size=5),
        "no size": replace(_A, local_size=0),
        "method": replace(_A, local_method=0),
        "flags": replace(_A, local_flags=0),
        "encrypted in one": replace(_A, local_flags=UTF_8 | 1),
        "streamed in one": replace(_A, local_flags=UTF_8 | STREAMED),
    }
    for title, entry in differing.items():
        yield bad(f"headers: {title}", "HEADERS_DIFFER", partial(package, entry))
    yield bad("headers: no local mark", "BAD_HEADER", lambda: package(replace(_A, local_mark=b"PK\3\5")))
    yield bad("headers: extra field too long", "BAD_HEADER", lambda: package(replace(_A, extra=b"\1\2\xff\0a")))
    yield bad("headers: local extra too long", "BAD_HEADER", lambda: package(replace(_A, local_extra=b"\1\2\xff\0a")))
    yield bad("headers: another Unicode name", "TWO_NAMES", lambda: package(replace(_A, extra=_renamed(b"a", b"b"))))
    yield bad(
        "headers: local Unicode name", "TWO_NAMES", lambda: package(replace(_A, local_extra=_renamed(b"a", b"b")))
    )
    yield bad("headers: two Unicode names", "BAD_HEADER", lambda: package(replace(_A, extra=_renamed(b"a", b"a") * 2)))
    yield bad("headers: on another disk", "MULTIPLE_DISKS", lambda: package(replace(_A, disk=1)))


def _renamed(name: bytes, other: bytes) -> bytes:
    return struct.pack("<2HBL", 0x7075, 5 + len(other), 1, zlib.crc32(name)) + other


def _data() -> Iterator[Case]:
    text = b"text " * 99
    half = deflate(text)[:-4]
    lying = Entry(b"a", b"x" * 10, DEFLATED, body=deflate(b"x" * 10**7))
    yield bad("data: wrong checksum", "CHECKSUM_DIFFERS", lambda: package(replace(_A, crc=1)))
    yield bad("data: wrong checksum, stored", "CHECKSUM_DIFFERS", lambda: package(Entry(b"a", crc=1)))
    yield bad("data: longer than it says", "SIZE_DIFFERS", lambda: package(lying))
    yield bad("data: shorter than it says", "SIZE_DIFFERS", lambda: package(replace(_A, size=10**6)))
    yield bad("data: says nothing is there", "SIZE_DIFFERS", lambda: package(replace(_A, size=0, crc=0)))
    yield bad("data: stored with two sizes", "SIZE_DIFFERS", lambda: package(Entry(b"a", size=3)))
    yield bad("data: garbage behind the stream", "BAD_DATA", lambda: package(replace(_A, body=deflate(text) + b"x")))
    yield bad("data: a stream behind the stream", "BAD_DATA", lambda: package(replace(_A, body=deflate(text) * 2)))
    yield bad(
        "data: much behind the stream", "BAD_DATA", lambda: package(replace(_A, body=deflate(text) + bytes(10**6)))
    )
    yield bad("data: stream cut short", "BAD_DATA", lambda: package(replace(_A, body=half)))
    yield bad("data: no stream at all", "BAD_DATA", lambda: package(replace(_A, data=b"", body=b"")))
    yield bad("data: zlib's header", "BAD_DATA", lambda: package(replace(_A, body=zlib.compress(text))))
    yield bad("data: reaches back too far", "BAD_DATA", lambda: package(replace(_A, body=bytes.fromhex("4b04028000"))))


def _descriptors() -> Iterator[Case]:
    true = streamed(b"a", b"text")
    for title, behind in {
        "missing": b"",
        "wrong checksum": true.behind[:4] + bytes(4) + true.behind[8:],
        "wrong size": true.behind[:-1] + b"\1",
        "cut short": true.behind[:-1],
        "twice": true.behind * 2,
        "wrong mark": b"PK\7\7" + true.behind[4:],
    }.items():
        code = "HIDDEN_DATA" if title == "twice" else "HEADERS_DIFFER"
        entry = replace(true, behind=behind)
        yield bad(f"descriptor: {title}", code, partial(package, entry, Entry(b"last")))
    unannounced = replace(true, flags=UTF_8, local_crc=None, local_packed=None, local_size=None)
    yield bad("descriptor: not announced", "HIDDEN_DATA", lambda: package(unannounced))


def _borders() -> Iterator[Case]:
    sound = package()
    yield bad("borders: prefix", "HIDDEN_DATA", lambda: b"#!/bin/sh\n" + sound)
    yield bad(
        "borders: prefix that offsets know", "HIDDEN_DATA", lambda: Zip((_ME,), prefix=b"GIF89a", shift=6).bytes()
    )
    yield bad("borders: between members", "HIDDEN_DATA", lambda: package(replace(_A, behind=b"hidden"), Entry(b"b")))
    yield bad("borders: before the directory", "HIDDEN_DATA", lambda: Zip((_ME,), gap=b"hidden").bytes())
    yield bad("borders: a member that is not listed", "HIDDEN_DATA", lambda: Zip((_ME,), gap=_A.local()).bytes())
    yield bad("borders: two zips", "HIDDEN_DATA", lambda: sound + sound)
    yield bad(
        "borders: two members in one place", "OVERLAP HEADERS_DIFFER HIDDEN_DATA", lambda: package(replace(_A, start=0))
    )
    yield bad(
        "borders: into the next member", "OVERLAP", lambda: package(replace(_A, packed=200), Entry(b"b", b"x" * 300))
    )
    yield bad("borders: into the directory", "OVERLAP", lambda: package(replace(_A, packed=60)))
    yield bad(
        "borders: gigabytes long",
        "OVERLAP SIZE_DIFFERS BOMB",
        lambda: package(Entry(b"a", packed=1 << 31, size=1 << 30)),
    )
    yield bad("borders: quoted overlap", "OVERLAP", _quoted)


def _quoted() -> bytes:
    """Each member's data is the next member's header quoted in a stored block, then its data."""
    kernel = deflate(bytes(1000))
    return Zip((_ME, replace(_A, packed=len(kernel) + 40, body=kernel), Entry(b"b", bytes(1000), DEFLATED))).bytes()


def _ends() -> Iterator[Case]:
    yield bad("end: nothing", "NOT_A_ZIP", lambda: b"")
    yield bad("end: text", "NOT_A_ZIP", lambda: b"<html>not found</html>")
    yield bad("end: gzip", "NOT_A_ZIP", lambda: b"\x1f\x8b\x08" + os.urandom(999))
    yield bad("end: bytes behind", "TRAILING_DATA", lambda: package() + b"\n")
    yield bad("end: a megabyte behind", "TRUNCATED", lambda: package() + bytes(2**20))
    yield bad(
        "end: comment too long", "TRAILING_DATA", lambda: Zip((_ME,), End(comment=b"x", comment_length=2)).bytes()
    )
    yield bad(
        "end: comment too short", "TRAILING_DATA", lambda: Zip((_ME,), End(comment=b"xx", comment_length=1)).bytes()
    )
    yield bad("end: another in the comment", "TWO_ENDS", lambda: Zip((_ME,), End(comment=_empty() + b"!")).bytes())
    yield bad("end: another that fits", "TWO_ENDS", lambda: Zip((_ME,), End(comment=_empty())).bytes())
    yield bad("end: fewer records", "BAD_DIRECTORY", lambda: Zip((_ME, _A), End(count=1)).bytes())
    yield bad("end: no records", "BAD_DIRECTORY", lambda: Zip((_ME, _A), End(count=0)).bytes())
    yield bad("end: more records", "BAD_DIRECTORY", lambda: Zip((_ME, _A), End(count=3)).bytes())
    yield bad("end: two counts", "MULTIPLE_DISKS", lambda: Zip((_ME, _A), End(here=1)).bytes())
    yield bad("end: second disk", "MULTIPLE_DISKS", lambda: Zip((_ME,), End(disk=1)).bytes())
    yield bad("end: directory too early", "HIDDEN_DATA", lambda: Zip((_ME,), End(offset=0)).bytes())
    yield bad("end: directory too late", "BAD_DIRECTORY", lambda: Zip((_ME,), End(offset=10**6)).bytes())
    yield bad("end: directory too short", "HIDDEN_DATA", lambda: Zip((_ME,), End(size=46)).bytes())
    yield bad("end: directory too long", "BAD_DIRECTORY", lambda: Zip((_ME,), End(size=2**31)).bytes())
    yield bad("end: first member only", "BAD_DIRECTORY", lambda: Zip((_ME,), End(offset=1, size=10**4)).bytes())


def _empty() -> bytes:
    return Zip(()).bytes()


def _wide() -> Iterator[Case]:
    marked = Entry(b"a", packed=0xFFFFFFFF, size=0xFFFFFFFF)
    end_faults = {
        "locator points elsewhere": End(wide=True, locator_offset=0),
        "locator points outside": End(wide=True, locator_offset=2**63),
        "locator of two disks": End(wide=True, locator_disks=2),
        "longer than it is": End(wide=True, wide_length=100),
        "another count": End(wide=True, wide_count=2),
        "another directory": End(wide=True, wide_offset=1),
    }
    for title, end in end_faults.items():
        yield bad(f"zip64: {title}", "BAD_ZIP64", Zip((_ME,), end).bytes)
    huge = End(wide=True, count=0xFFFF, wide_count=2**62)
    yield bad("zip64: more entries than there are bytes", "TOO_MANY_FILES", lambda: Zip((_ME,), huge).bytes())
    for title, extra in {
        "field is empty": wide_extra(),
        "field is short": wide_extra(4),
        "field contradicts": wide_extra(4, 4, 77),
    }.items():
        entry = replace(marked, extra=extra, local_packed=4, local_size=4)
        yield bad(f"zip64: {title}", "BAD_ZIP64", partial(package, entry))
    yield bad("zip64: unneeded and false", "BAD_ZIP64", lambda: package(Entry(b"a", extra=wide_extra(9, 9))))
    yield bad("zip64: two fields", "BAD_HEADER", lambda: package(Entry(b"a", extra=wide_extra(4, 4) * 2)))
    yield bad("zip64: marked without a field", "OVERLAP BOMB", lambda: package(marked))
    far = Entry(b"a", start=0xFFFFFFFF, extra=wide_extra(2**63))
    yield bad("zip64: far away", "OVERLAP HIDDEN_DATA", lambda: package(far))


def _cuts() -> Iterator[Case]:
    whole = package(_A)
    borders = {
        "in a local header": 20,
        "in a name": 34,
        "in the data": 60,
        "before the directory": whole.index(b"PK\1\2"),
        "in the directory": whole.index(b"PK\1\2") + 50,
        "before the end": whole.index(b"PK\5\6"),
        "in the end": len(whole) - 1,
    }
    for title, at in borders.items():
        yield bad(f"cut: {title}", "TRUNCATED", partial(bytes, whole[:at]))
    yield bad("cut: first byte gone", "BAD_DIRECTORY", lambda: whole[1:])
    yield bad("cut: no members", "BAD_DIRECTORY", lambda: whole[whole.index(b"PK\1\2") :])


def _bombs() -> Iterator[Case]:
    vast = replace(_A, size=0xFFFFFFFF, extra=wide_extra(2**60), local_extra=wide_extra(2**60))
    yield bad("bomb: 100 MB of zeroes", "BOMB", lambda: package(Entry(b"a", bytes(10**8), DEFLATED)))
    yield bad("bomb: ten that are honest alone", "BOMB", _ten)
    yield bad("bomb: 250 names for one file", "OVERLAP BOMB MORE_FAULTS", _shared)
    yield bad("bomb: larger than any disk", "TOO_LARGE_UNPACKED", lambda: package(vast))
    yield bad(
        "bomb: too many entries",
        "TOO_MANY_FILES",
        lambda: Zip((_ME,), End(wide=True, count=0xFFFF, wide_count=10**6)).bytes(),
    )


def _ten() -> bytes:
    zeroes = Entry(b"", bytes(10**7), DEFLATED, body=deflate(bytes(10**7)))
    return package(*(replace(zeroes, name=b"%d" % number) for number in range(10)))


def _shared() -> bytes:
    """One deflated file under 250 names."""
    kernel = Entry(b"0", bytes(2 * 10**7), DEFLATED)
    crc, packed, size = kernel.numbers()
    names = (Entry(b"%d" % number, b"", DEFLATED, body=b"") for number in range(1, 250))
    start = len(_ME.local())
    quoted = (replace(name, crc=crc, packed=packed, size=size, start=start) for name in names)
    return Zip((_ME, kernel, *quoted)).bytes()
