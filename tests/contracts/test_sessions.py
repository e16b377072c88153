"""The contract of port Sessions; every implementation runs it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests

from local.files import FileStorage
from local.sessions import FileSessions
from modelserver.errors import Conflict
from modelserver.gcp.objects import Objects
from modelserver.gcp.sessions import CloudSessions
from modelserver.gcp.storage import CloudStorage
from modelserver.ports import Session, Sessions, Storage

_HERE = "http://127.0.0.1:1"
_DATA = bytes(range(256)) * 3000


@dataclass(frozen=True)
class Door:
    """put: a client's PUT to a session of these bytes, the first of them being byte `first` of _DATA."""

    sessions: Sessions
    storage: Storage
    put: Callable[[Session, int, bytes], object]


@pytest.fixture(params=["files", "google"])
def door(request: pytest.FixtureRequest, tmp_path: Path) -> Door:
    return _google(request.getfixturevalue("bucket")) if request.param == "google" else _files(tmp_path)


def _files(folder: Path) -> Door:
    storage = FileStorage(folder)
    sessions = FileSessions(storage, folder / "sessions")
    return Door(sessions, storage, lambda session, first, data: sessions.append(session.name, first, [data]))


def _google(bucket: str) -> Door:
    objects = Objects(bucket)
    storage = CloudStorage(objects)
    return Door(CloudSessions(objects, storage), storage, _put)


def _put(session: Session, first: int, data: bytes) -> None:
    span = {"Content-Range": f"bytes {first}-{first + len(data) - 1}/{len(_DATA)}"}
    answer = requests.put(session.location, data=data, headers=span, timeout=30)
    assert answer.status_code in (200, 308), answer.text


def _all(storage: Storage, name: str) -> bytes:
    reader = storage.open(name)
    try:
        return reader.read_at(0, reader.size)
    finally:
        reader.close()


def test_what_was_put_is_in_storage_byte_for_byte(door: Door) -> None:
    session = door.sessions.begin(len(_DATA), _HERE)
    door.put(session, 0, _DATA)
    upload = door.sessions.finish(session.name)
    assert (upload.name, upload.size) == (session.name, len(_DATA))
    assert upload.sha256 == hashlib.sha256(_DATA).hexdigest()
    assert _all(door.storage, session.name) == _DATA


def test_it_may_come_in_parts(door: Door) -> None:
    session = door.sessions.begin(len(_DATA), _HERE)
    for first in (0, 262_144, 524_288):
        with pytest.raises(Conflict):
            door.sessions.finish(session.name)
        with pytest.raises(KeyError):
            door.storage.open(session.name)
        door.put(session, first, _DATA[first : first + 262_144])
    door.sessions.finish(session.name)
    assert _all(door.storage, session.name) == _DATA


@pytest.mark.parametrize("name", ["0" * 32, "0" * 31, "", "A" * 32, "../" + "0" * 29, "٣" * 32, "0" * 32 + "\n"])
def test_a_name_that_was_never_given_is_a_key_error(door: Door, name: str) -> None:
    with pytest.raises(KeyError):
        door.sessions.finish(name)


def test_finishing_again_gives_the_same_before_and_after_keeping(door: Door) -> None:
    session = door.sessions.begin(len(_DATA), _HERE)
    door.put(session, 0, _DATA)
    first = door.sessions.finish(session.name)
    assert door.sessions.finish(session.name) == first
    door.storage.keep(session.name)
    assert door.sessions.finish(session.name) == first


def test_what_was_discarded_is_gone_for_good(door: Door) -> None:
    session = door.sessions.begin(len(_DATA), _HERE)
    door.put(session, 0, _DATA)
    door.sessions.finish(session.name)
    door.storage.discard(session.name)
    with pytest.raises(KeyError):
        door.sessions.finish(session.name)


def test_each_session_has_a_name_and_a_location_of_its_own(door: Door) -> None:
    sessions = [door.sessions.begin(1, _HERE) for _ in range(5)]
    assert len({session.name for session in sessions}) == 5
    assert len({session.location for session in sessions}) == 5
