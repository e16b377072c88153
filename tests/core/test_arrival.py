"""What is hashed while a zip arrives is what the whole zip says, however it is cut, and whatever it claims."""

from __future__ import annotations

import hashlib
import io
import itertools
import random
import zipfile
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from modelserver.archive import Limits, open_archive
from modelserver.arrival import Arrival
from modelserver.errors import InvalidPackage
from modelserver.memory import MemoryReader

_LIMITS = Limits(100, 1 << 30, 200)
_MIB = 1024**2
LARGE = random.Random(7).randbytes(_MIB + 17)
LARGER = random.Random(8).randbytes(2 * _MIB)


def _zip(wide: bool = False) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("jid.yaml", "name: a\nmodel: b.py:M\n")
        with archive.open("a/weights.bin", "w", force_zip64=wide) as file:
            file.write(LARGE)
        archive.writestr("deflated.txt", "x" * 3 * _MIB, zipfile.ZIP_DEFLATED)
        archive.writestr("b/more.bin", LARGER)
    return target.getvalue()


ZIP = _zip()


def _arrived(data: bytes, cuts: list[int]) -> Arrival:
    arrival = Arrival()
    borders = [0, *sorted(cuts), len(data)]
    for start, stop in itertools.pairwise(borders):
        arrival(data[start:stop])
    return arrival


def _blob(data: bytes) -> bytes:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).digest()


@settings(max_examples=40, deadline=None)
@given(st.lists(st.integers(0, len(ZIP)), max_size=12))
def test_large_stored_files_are_hashed_however_the_zip_is_cut(cuts: list[int]) -> None:
    found = _arrived(ZIP, cuts).hashed
    assert {known.blob for known in found.values()} == {_blob(LARGE), _blob(LARGER)}
    assert {known.crc for known in found.values()} == {zlib.crc32(LARGE), zlib.crc32(LARGER)}


@pytest.mark.parametrize("data", [ZIP, _zip(wide=True)], ids=["plain", "zip64"])
def test_the_id_is_the_same_and_what_was_hashed_is_not_read_again(data: bytes) -> None:
    hashed = _arrived(data, [100, 100_000]).hashed
    assert len(hashed) == 2
    reads: list[int] = []

    class Counting(MemoryReader):
        def read_at(self, offset: int, length: int) -> bytes:
            reads.append(length)
            return super().read_at(offset, length)

    archive = open_archive(Counting(data), _LIMITS)
    del reads[:]
    foreseen = archive.tree_id(2, hashed)
    assert sum(reads) < 100_000
    assert foreseen == open_archive(MemoryReader(data), _LIMITS).tree_id(2)


def test_a_damaged_file_is_found_and_named_all_the_same() -> None:
    at = ZIP.index(LARGE) + 5
    data = ZIP[:at] + bytes([ZIP[at] ^ 1]) + ZIP[at + 1 :]
    with pytest.raises(InvalidPackage) as refused:
        open_archive(MemoryReader(data), _LIMITS).tree_id(2, _arrived(data, []).hashed)
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [("a/weights.bin", "CHECKSUM_DIFFERS")]


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 400), st.integers(0, 255))
def test_nothing_that_arrives_can_make_it_raise_or_say_what_is_not_so(junk: bytes, at: int, value: int) -> None:
    for data in (junk, ZIP[:at] + bytes([value]) + ZIP[at + 1 :], ZIP[: at * 100]):
        for (start, size), known in _arrived(data, [at]).hashed.items():
            assert known.blob == _blob(data[start : start + size])
