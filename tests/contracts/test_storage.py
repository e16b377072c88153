"""The contract of port Storage; every implementation runs it."""

from __future__ import annotations

import hashlib
import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.files import FileStorage
from modelserver.errors import TooLarge, Unavailable
from modelserver.gcp.objects import Objects
from modelserver.gcp.storage import CloudStorage
from modelserver.memory import MemoryStorage
from modelserver.ports import Storage

_PLENTY = 1 << 30


@pytest.fixture(params=["memory", "files", "google"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    if request.param == "google":
        return CloudStorage(Objects(request.getfixturevalue("bucket")))
    return MemoryStorage() if request.param == "memory" else FileStorage(tmp_path)


def _all(storage: Storage, name: str) -> bytes:
    reader = storage.open(name)
    try:
        return reader.read_at(0, reader.size)
    finally:
        reader.close()


def test_what_was_received_is_read_back_byte_for_byte(storage: Storage) -> None:
    data = bytes(range(256)) * 5000
    upload = storage.receive(iter([data[:7], b"", data[7:70_000], data[70_000:]]), _PLENTY)
    assert (upload.size, upload.sha256) == (len(data), hashlib.sha256(data).hexdigest())
    assert _all(storage, upload.name) == data
    storage.keep(upload.name)
    assert _all(storage, upload.name) == data


def test_an_empty_zip_is_bytes_too(storage: Storage) -> None:
    upload = storage.receive(iter([]), _PLENTY)
    assert upload.size == 0
    assert _all(storage, upload.name) == b""


def test_ranges(storage: Storage) -> None:
    upload = storage.receive(iter([b"0123456789"]), _PLENTY)
    reader = storage.open(upload.name)
    assert reader.size == 10
    assert reader.read_at(3, 4) == b"3456"
    assert reader.read_at(8, 100) == b"89"
    assert reader.read_at(10, 1) == b""
    reader.close()
    reader.close()


def test_a_descriptor_leads_to_the_very_bytes_or_there_is_none(storage: Storage) -> None:
    upload = storage.receive(iter([b"0123456789"]), _PLENTY)
    reader, other = storage.open(upload.name), storage.open(upload.name)
    descriptor = reader.descriptor()
    assert (descriptor is None) == (not isinstance(storage, FileStorage))
    if descriptor is not None:
        os.lseek(descriptor, 3, os.SEEK_SET)
        assert os.read(descriptor, 100) == b"3456789"
        assert other.read_at(0, 2) == reader.read_at(0, 2) == b"01"
        assert other.descriptor() not in (None, descriptor)
    reader.close()
    other.close()


def test_many_threads_read_one_reader(storage: Storage) -> None:
    data = bytes(range(256)) * 400
    upload = storage.receive(iter([data]), _PLENTY)
    reader = storage.open(upload.name)
    wrong: list[int] = []

    def read(start: int) -> None:
        for offset in range(start, len(data), 1009):
            if reader.read_at(offset, 100) != data[offset : offset + 100]:
                wrong.append(offset)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    reader.close()
    assert wrong == []


def test_each_arrival_has_a_name_of_its_own(storage: Storage) -> None:
    names = {storage.receive(iter([b"same"]), _PLENTY).name for _ in range(20)}
    assert len(names) == 20


def test_too_many_bytes_are_refused_and_nothing_stays(storage: Storage) -> None:
    with pytest.raises(TooLarge, match="10"):
        storage.receive(iter([b"x" * 8, b"x" * 8]), 10)
    assert storage.sweep(frozenset(), 0) == 0


def test_exactly_the_limit_is_taken(storage: Storage) -> None:
    assert storage.receive(iter([b"x" * 10]), 10).size == 10


def test_a_client_that_vanishes_leaves_nothing(storage: Storage) -> None:
    def broken() -> Iterator[bytes]:
        yield b"half of it"
        raise ConnectionResetError("gone")

    with pytest.raises(ConnectionResetError):
        storage.receive(broken(), _PLENTY)
    assert storage.sweep(frozenset(), 0) == 0


def test_keeping_twice_is_keeping_once(storage: Storage) -> None:
    upload = storage.receive(iter([b"data"]), _PLENTY)
    storage.keep(upload.name)
    storage.keep(upload.name)
    assert _all(storage, upload.name) == b"data"


@pytest.mark.parametrize("kept", [True, False])
def test_deleted_is_gone_and_deleting_again_is_no_error(storage: Storage, kept: bool) -> None:
    upload = storage.receive(iter([b"data"]), _PLENTY)
    if kept:
        storage.keep(upload.name)
    storage.delete(upload.name)
    storage.delete(upload.name)
    with pytest.raises(KeyError):
        storage.open(upload.name)


def test_discarding_takes_what_is_staged_and_leaves_what_is_kept(storage: Storage) -> None:
    staged, kept = (storage.receive(iter([b"data"]), _PLENTY).name for _ in range(2))
    storage.keep(kept)
    for name in (staged, staged, kept):
        storage.discard(name)
    assert _all(storage, kept) == b"data"
    with pytest.raises(KeyError):
        storage.open(staged)


def test_what_was_never_received_is_a_key_error(storage: Storage) -> None:
    with pytest.raises(KeyError):
        storage.open("0" * 32)
    with pytest.raises(KeyError):
        storage.keep("0" * 32)


def test_an_open_reader_outlives_the_deletion_or_says_so_but_never_gives_other_bytes(storage: Storage) -> None:
    upload = storage.receive(iter([b"data"]), _PLENTY)
    reader = storage.open(upload.name)
    storage.delete(upload.name)
    try:
        assert reader.read_at(0, 4) == b"data"
    except Unavailable as problem:
        assert "deleted" in problem.detail
    reader.close()


def test_an_open_reader_outlives_the_keeping(storage: Storage) -> None:
    upload = storage.receive(iter([b"data"]), _PLENTY)
    reader = storage.open(upload.name)
    storage.keep(upload.name)
    assert reader.read_at(0, 4) == b"data"
    reader.close()


def test_the_sweep_takes_what_nobody_knows_and_leaves_the_young(storage: Storage) -> None:
    known, unknown, staged = (storage.receive(iter([b"data"]), _PLENTY).name for _ in range(3))
    storage.keep(known)
    storage.keep(unknown)
    assert storage.sweep(frozenset({known}), 3600) == 0
    assert storage.sweep(frozenset({known}), 0) == 2
    assert _all(storage, known) == b"data"
    for name in (unknown, staged):
        with pytest.raises(KeyError):
            storage.open(name)


def test_a_zip_that_came_again_is_gone_and_the_first_one_stays(storage: Storage) -> None:
    first, same, other = (storage.receive(iter([data]), _PLENTY) for data in (b"data", b"data", b"made anew"))
    storage.keep(first.name)
    for again in (same, other):
        assert storage.mend(first, again)
        assert _all(storage, first.name) == b"data"
        with pytest.raises(KeyError):
            storage.open(again.name)


def test_a_zip_that_is_lost_is_not_whole_and_the_one_that_came_again_is_there(storage: Storage) -> None:
    first, same, other = (storage.receive(iter([data]), _PLENTY) for data in (b"data", b"data", b"made anew"))
    storage.keep(first.name)
    storage.delete(first.name)
    for again, data in ((same, b"data"), (other, b"made anew")):
        assert not storage.mend(first, again)
        storage.keep(again.name)
        assert _all(storage, again.name) == data


@pytest.mark.parametrize("broken", ["memory", "files"])
def test_a_zip_that_is_damaged_is_mended_by_its_own_bytes_and_by_no_others(broken: str, tmp_path: Path) -> None:
    """Cloud Storage cannot be made to break its word here."""
    storage: Storage = MemoryStorage() if broken == "memory" else FileStorage(tmp_path)
    first, same, other = (storage.receive(iter([data]), _PLENTY) for data in (b"data", b"data", b"made anew"))
    storage.keep(first.name)
    if isinstance(storage, MemoryStorage):
        storage._zips[first.name] = (0.0, b"dat!")
    else:
        (tmp_path / "packages" / f"{first.name}.zip").write_bytes(b"dat!")
    assert not storage.mend(first, other)
    assert _all(storage, other.name) == b"made anew"
    assert storage.mend(first, same)
    assert _all(storage, first.name) == b"data"
    with pytest.raises(KeyError):
        storage.open(same.name)
