"""Small zips that would be large: at most 42 kB each, as the famous one has."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import cache

from tests.corpus import Case, bad, good
from tests.zipcraft import DEFLATED, JID, Entry, Zip, deflate

SIZE = 42_374
_ZEROES = 40 * 1024**2
_NESTED = 16


def bombs() -> Iterator[Case]:
    yield bad("42 kB: 220 names for one file", "OVERLAP BOMB MORE_FAULTS", _overlapping)
    yield bad("42 kB: says 10 bytes, holds 40 MiB", "SIZE_DIFFERS", lambda: _package(_lying()))
    yield bad("42 kB: a jid.yaml of 40 MiB", "FILE_TOO_LARGE", _config)
    yield good("42 kB: four files of 10 MiB, honest", lambda: _package(*_four()))
    yield bad("42 kB: three of which one is true", "OVERLAP BOMB HIDDEN_DATA HEADERS_DIFFER", _one_true)
    yield good("42 kB: 40 MiB of zeroes, honest", lambda: _package(_zeroes()))
    yield good("42 kB: zips in zips in zips", _nested)


def _package(*more: Entry) -> bytes:
    return Zip((Entry(b"jid.yaml", JID), Entry(b"infer.py", b"class Model: ..."), *more)).bytes()


@cache
def _zeroes() -> Entry:
    return Entry(b"zeroes", bytes(_ZEROES), DEFLATED, body=deflate(bytes(_ZEROES)))


def _lying() -> Entry:
    return Entry(b"lies", b"x" * 10, DEFLATED, body=_zeroes().body)


def _config() -> bytes:
    body = deflate(JID + b"#" * _ZEROES)
    return Zip((Entry(b"jid.yaml", JID + b"#" * _ZEROES, DEFLATED, body=body), Entry(b"infer.py"))).bytes()


def _four() -> Iterator[Entry]:
    part = _ZEROES // 4
    packed = deflate(bytes(part))
    for number in range(8):
        yield Entry(b"%d" % number, bytes(part), DEFLATED, body=packed) if number < 4 else Entry(b"%d" % number)


def _overlapping() -> bytes:
    """Every name has the one file's data: the directory takes half of the zip, and unfolds to gigabytes."""
    kernel = Entry(b"0", bytes(_ZEROES // 2), DEFLATED, body=deflate(bytes(_ZEROES // 2)))
    crc, packed, size = kernel.numbers()
    me = Entry(b"jid.yaml", JID)
    names = (Entry(b"%d" % number, b"", DEFLATED, body=b"") for number in range(1, 220))
    quoted = (replace(name, crc=crc, packed=packed, size=size, start=len(me.local())) for name in names)
    return Zip((me, kernel, *quoted)).bytes()


def _one_true() -> bytes:
    kernel = Entry(b"0", bytes(_ZEROES), DEFLATED, body=_zeroes().body)
    crc, packed, size = kernel.numbers()
    quoted = (
        Entry(b"%d" % number, b"", DEFLATED, body=b"", crc=crc, packed=packed, size=size, start=0)
        for number in range(1, 3)
    )
    return Zip((Entry(b"jid.yaml", JID), kernel, *quoted)).bytes()


def _nested() -> bytes:
    """As 42.zip is made: each level is 16 copies of the one below; nobody unpacks more than the first."""
    inner = Zip((Entry(b"0.dll", bytes(_ZEROES), DEFLATED, body=_zeroes().body),)).bytes()
    for _ in range(4):
        packed = deflate(inner)
        inner = Zip(tuple(Entry(b"%x.zip" % number, inner, DEFLATED, body=packed) for number in range(_NESTED))).bytes()
    return _package(Entry(b"lib.zip", inner, DEFLATED, body=deflate(inner)))
