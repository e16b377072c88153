"""Any damage to a sound zip is refused or changes nothing; nothing but InvalidPackage is ever raised."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelserver.archive import Archive, Limits, open_archive
from modelserver.errors import InvalidPackage
from tests.core.test_archive import Bytes, contents
from tests.corpus_honest import wide_extra
from tests.zipcraft import DEFLATED, JID, End, Entry, Zip, streamed

LIMITS = Limits(entries=1000, unpacked=10**9, ratio=200)
SOUND = Zip(
    (
        Entry(b"w/", b"", mode=0o40755),
        Entry(b"w/jid.yaml", JID),
        Entry(b"w/run.sh", b"#!/bin/sh\n" * 40, DEFLATED, mode=0o100755),
        streamed(b"w/src/a.py", b"x = 1\n" * 50),
        Entry("w/ü".encode(), b"\0\1\2" * 30, extra=wide_extra(90, 90), local_extra=wide_extra(90, 90)),
        Entry(b"__MACOSX/w/._a", b"litter"),
    ),
    End(comment=b"made by a test", wide=True),
).bytes()
TREE = contents(open_archive(Bytes(SOUND), LIMITS))
ID = open_archive(Bytes(SOUND), LIMITS).tree_id(1)
PROGRAMS = {"run.sh"}


def read(data: bytes) -> Archive | None:
    """The archive, hashed and read through, or None if it was refused."""
    try:
        archive = open_archive(Bytes(data), LIMITS)
        archive.tree_id(1)
        contents(archive)
    except InvalidPackage as refused:
        assert refused.faults
        return None
    return archive


def is_harmless(data: bytes) -> bool:
    """Refused, or the same files; and the same ID unless an execute bit, which nothing guards, was hit."""
    archive = read(data)
    if archive is None:
        return True
    same = archive.tree_id(1) == ID or {file.path for file in archive.files if file.executable} != PROGRAMS
    return same and contents(archive) == TREE


@pytest.mark.parametrize("bit", range(8))
def test_each_single_bit(bit: int) -> None:
    for at in range(len(SOUND)):
        damaged = bytearray(SOUND)
        damaged[at] ^= 1 << bit
        assert is_harmless(bytes(damaged)), f"byte {at}"


def test_each_cut() -> None:
    for at in range(len(SOUND)):
        assert read(SOUND[:at]) is None
        assert read(SOUND[at + 1 :]) is None


@given(at=st.integers(0, len(SOUND)), more=st.binary(min_size=1, max_size=40))
def test_bytes_put_in(at: int, more: bytes) -> None:
    assert is_harmless(SOUND[:at] + more + SOUND[at:])


@given(at=st.integers(0, len(SOUND)), length=st.integers(1, 60))
def test_bytes_taken_out(at: int, length: int) -> None:
    assert is_harmless(SOUND[:at] + SOUND[at + length :])


NUMBERS = st.sampled_from([0, 1, 2, 0xFFFF, 0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 20, 46, 30])


@settings(max_examples=300)
@given(changes=st.lists(st.tuples(st.integers(0, len(SOUND) - 4), NUMBERS), min_size=1, max_size=4))
def test_numbers_put_over_fields_raise_nothing_else(changes: list[tuple[int, int]]) -> None:
    damaged = bytearray(SOUND)
    for at, number in changes:
        struct.pack_into("<L", damaged, at, number)
    read(bytes(damaged))


@settings(max_examples=300)
@given(body=st.binary(max_size=200), size=st.integers(0, 400))
def test_any_bytes_as_a_deflated_stream_raise_nothing_else(body: bytes, size: int) -> None:
    read(Zip((Entry(b"jid.yaml", JID), Entry(b"a", bytes(size), DEFLATED, body=body))).bytes())


@settings(max_examples=300)
@given(data=st.binary(max_size=300), end=st.booleans())
def test_any_bytes_raise_nothing_else(data: bytes, end: bool) -> None:
    assert read(data + (Zip(()).bytes() if end else b"")) is None
