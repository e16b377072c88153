"""Zips in Cloud Storage: what each step costs in requests, and what faults leave behind."""

from __future__ import annotations

import io
import logging
import threading
import zipfile
from collections.abc import Iterator

import pytest
import requests

from modelserver.archive import Limits, open_archive
from modelserver.errors import Conflict, Unavailable
from modelserver.gcp.objects import PIECE, Objects, Stored
from modelserver.gcp.reader import BLOCK
from modelserver.gcp.sessions import CloudSessions
from modelserver.gcp.storage import CloudStorage, kept, staged
from tests.cloud.storage_standin import StorageStandIn

_PLENTY = 1 << 30


def _asked(calls: StorageStandIn) -> list[str]:
    """Method and step of each request, without the names."""
    return [f"{call.method} {_step(call.target)}" for call in calls.calls]


def _step(target: str) -> str:
    for word in ("moveTo", "alt=media", "uploadType=multipart", "upload_id", "uploadType=resumable"):
        if word in target:
            return word
    return "object"


def test_a_small_zip_comes_in_by_one_request_and_is_kept_by_one(bucket: str, calls: StorageStandIn) -> None:
    storage = CloudStorage(Objects(bucket))
    upload = storage.receive([b"data"], _PLENTY)
    storage.open(upload.name).read_at(0, 4)
    storage.keep(upload.name)
    assert _asked(calls) == ["POST uploadType=multipart", "GET alt=media", "POST moveTo"]


def test_a_kept_zip_is_opened_by_one_request(bucket: str, calls: StorageStandIn) -> None:
    storage = CloudStorage(Objects(bucket))
    upload = storage.receive([b"data"], _PLENTY)
    storage.keep(upload.name)
    calls.calls.clear()
    CloudStorage(Objects(bucket)).open(upload.name)
    assert _asked(calls) == ["GET object"]


def test_checking_thousands_of_files_costs_two_requests_for_each_block(bucket: str, calls: StorageStandIn) -> None:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.writestr("jid.yaml", "name: a/b\nmodel: m.py:M\n")
        for number in range(3000):
            archive.writestr(f"files/{number}.bin", bytes(number * 7919 % 16_001))
    storage = CloudStorage(Objects(bucket))
    upload = storage.receive([target.getvalue()], _PLENTY)
    blocks = -(-upload.size // BLOCK)
    assert blocks > 4, "more than a reader keeps"
    calls.calls.clear()
    open_archive(storage.open(upload.name), Limits(10_000, _PLENTY, 200)).tree_id(2)
    assert set(_asked(calls)) == {"GET alt=media"}
    assert len(calls.calls) <= 2 * blocks + 2


def test_threads_that_want_the_same_block_share_one_request(bucket: str, calls: StorageStandIn) -> None:
    storage = CloudStorage(Objects(bucket))
    reader = storage.open(storage.receive([b"x" * 100_000], _PLENTY).name)
    calls.calls.clear()
    threads = [threading.Thread(target=reader.read_at, args=(start, 10)) for start in range(0, 1000, 50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert _asked(calls) == ["GET alt=media"]


def test_a_large_zip_leaves_while_it_still_comes(bucket: str, calls: StorageStandIn) -> None:
    sent: list[int] = []

    def chunks() -> Iterator[bytes]:
        for _ in range(40):
            sent.append(len(calls.calls))
            yield b"x" * (PIECE // 16)

    upload = CloudStorage(Objects(bucket)).receive(chunks(), _PLENTY)
    assert upload.size == 40 * PIECE // 16
    assert sent[-1] >= 2, "the session was opened and a piece was sent before the last chunk came"


def test_a_client_that_vanishes_in_the_middle_of_a_large_zip_leaves_nothing(bucket: str) -> None:
    def broken() -> Iterator[bytes]:
        for _ in range(5):
            yield b"x" * (PIECE // 2)
        raise ConnectionResetError("gone")

    storage = CloudStorage(Objects(bucket))
    with pytest.raises(ConnectionResetError, match="gone"):
        storage.receive(broken(), _PLENTY)
    assert list(Objects(bucket).listed("")) == []


def test_a_zip_swapped_after_it_was_opened_is_never_read_nor_kept(bucket: str) -> None:
    storage, stranger = CloudStorage(Objects(bucket)), Objects(bucket)
    upload = storage.receive([b"checked"], _PLENTY)
    reader = storage.open(upload.name)
    stranger.remove(staged(upload.name))
    stranger.put(staged(upload.name), io.BytesIO(b"swapped"), 7)
    with pytest.raises(Unavailable, match="deleted"):
        reader.read_at(0, 7)
    with pytest.raises(Conflict, match="Send yours again"):
        storage.keep(upload.name)


def test_another_process_that_kept_the_zip_first_is_no_fault(bucket: str) -> None:
    one, other = CloudStorage(Objects(bucket)), CloudStorage(Objects(bucket))
    upload = one.receive([b"data"], _PLENTY)
    other.keep(upload.name)
    one.keep(upload.name)
    one.discard(upload.name)
    assert one.open(upload.name).read_at(0, 4) == b"data"


def test_nothing_is_ever_replaced(bucket: str) -> None:
    objects = Objects(bucket)
    first = objects.put("staging/x.zip", io.BytesIO(b"first"), 5)
    assert objects.put("staging/x.zip", io.BytesIO(b"other"), 5) == first
    second = objects.put("staging/y.zip", io.BytesIO(b"second"), 6)
    assert not objects.move(second, first.key)
    assert objects.fetch(first, 0, 5) == b"first"


def test_what_an_old_generation_held_is_not_read_from_a_new_one(bucket: str) -> None:
    objects = Objects(bucket)
    stored = objects.put("staging/x.zip", io.BytesIO(b"first"), 5)
    wrong = Stored(stored.key, stored.generation + 1, stored.size, stored.crc32c)
    with pytest.raises(KeyError):
        objects.fetch(wrong, 0, 5)


def test_a_session_names_a_zip_and_takes_no_more_bytes_than_announced(bucket: str) -> None:
    objects = Objects(bucket)
    session = CloudSessions(objects, CloudStorage(objects)).begin(10, "")
    span = {"Content-Range": "bytes 0-10/11"}
    assert requests.put(session.location, data=b"x" * 11, headers=span, timeout=30).status_code == 400
    assert objects.look(staged(session.name)) is None
    assert requests.put(session.location, data=b"x" * 10, timeout=30).status_code == 200
    assert objects.look(staged(session.name)) is not None


def test_a_zip_that_is_kept_while_its_session_is_finished_again(bucket: str) -> None:
    objects = Objects(bucket)
    slow, quick = CloudStorage(objects), CloudStorage(objects)
    session = CloudSessions(objects, slow).begin(4, "")
    requests.put(session.location, data=b"data", timeout=30)
    assert slow.find(session.name), "seen where it was"
    quick.keep(session.name)
    assert CloudSessions(objects, slow).finish(session.name).size == 4
    slow.keep(session.name)
    assert objects.look(kept(session.name)) is not None


def test_no_log_line_holds_a_session(bucket: str, caplog: pytest.LogCaptureFixture) -> None:
    objects = Objects(bucket)
    storage = CloudStorage(objects)
    sessions = CloudSessions(objects, storage)
    with caplog.at_level(logging.INFO):
        session = sessions.begin(4, "")
        requests.put(session.location, data=b"data", timeout=30)
        sessions.finish(session.name)
        storage.receive([b"x" * (PIECE + 1)], _PLENTY)
    assert "upload_id" in session.location
    assert "upload_id" not in caplog.text
