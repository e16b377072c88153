"""A storage service that damages, loses, refuses or goes away: a clear problem, nothing half kept."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager

import pytest

from modelserver.errors import Misconfigured, Unavailable
from modelserver.gcp.objects import PIECE, Objects
from modelserver.gcp.sessions import CloudSessions
from modelserver.gcp.storage import CloudStorage
from tests.cloud.emulators import storage_binary
from tests.cloud.storage_standin import Call, Reply, StorageStandIn, listening

_PLENTY = 1 << 30
_BUCKET = "tests"


class Damaging(StorageStandIn):
    """Flips a bit of every zip that is uploaded."""

    def answer(self, call: Call) -> Reply:
        damaged = call.body.replace(b"precious", b"preciouS")
        return super().answer(Call(call.method, call.target, call.headers, damaged))


class Forgetful(StorageStandIn):
    """Does what it is told, and loses the first answer to every write."""

    def __init__(self, upstream: int) -> None:
        super().__init__(upstream)
        self._lost: set[tuple[str, str]] = set()

    def answer(self, call: Call) -> Reply:
        reply = super().answer(call)
        step = (call.method, call.target)
        if call.method == "GET" or step in self._lost:
            return reply
        self._lost.add(step)
        return Reply(503)


class Refusing(StorageStandIn):
    """As for an account without rights."""

    def answer(self, call: Call) -> Reply:
        return Reply(403)


class Truncating(StorageStandIn):
    """Sends less than was asked for."""

    def answer(self, call: Call) -> Reply:
        reply = super().answer(call)
        return Reply(reply.status, reply.headers, reply.body[:-1]) if "alt=media" in call.target else reply


@contextmanager
def _service(kind: type[StorageStandIn], monkeypatch: pytest.MonkeyPatch) -> Iterator[Objects]:
    with listening(storage_binary(), kind) as storage:
        storage.service.create_bucket(_BUCKET)
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage.url)
        yield Objects(_BUCKET, patience=3)


@pytest.mark.parametrize("size", [8, PIECE + 8])
def test_bytes_that_change_on_the_way_are_noticed_and_removed(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    with _service(Damaging, monkeypatch) as objects:
        with pytest.raises(Unavailable):
            CloudStorage(objects).receive([b"precious".rjust(size)], _PLENTY)
        assert list(objects.listed("")) == []


def test_lost_answers_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    with _service(Forgetful, monkeypatch) as objects:
        storage = CloudStorage(objects)
        small, large = storage.receive([b"data"], _PLENTY), storage.receive([b"x" * (PIECE + 1)], _PLENTY)
        for upload in (small, large):
            storage.keep(upload.name)
            storage.keep(upload.name)
        assert storage.open(small.name).read_at(0, 4) == b"data"
        assert storage.open(large.name).size == PIECE + 1
        storage.delete(small.name)
        storage.delete(large.name)
        assert list(objects.listed("")) == []


def test_an_account_without_rights_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    with listening(storage_binary(), Refusing) as refusing:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", refusing.url)
        objects = Objects(_BUCKET, patience=3)
        storage = CloudStorage(objects)
        for step in _steps(objects, storage):
            with pytest.raises(Misconfigured, match="service account lacks a right"):
                step()


def test_a_bucket_that_is_not_there_is_named(bucket: str) -> None:
    objects = Objects(bucket + "-no", patience=3)
    with pytest.raises(Misconfigured, match=bucket + "-no"):
        CloudStorage(objects).receive([b"data"], _PLENTY)
    with pytest.raises(Misconfigured, match=bucket + "-no"):
        objects.session("staging/x.zip", 10)


def test_a_range_that_ends_early_is_not_taken_for_the_zip(monkeypatch: pytest.MonkeyPatch) -> None:
    with _service(Truncating, monkeypatch) as objects:
        storage = CloudStorage(objects)
        upload = storage.receive([b"0123456789"], _PLENTY)
        with pytest.raises(Unavailable):
            storage.open(upload.name).read_at(0, 10)
        with pytest.raises(Unavailable):
            CloudSessions(objects, CloudStorage(objects)).finish(upload.name)


def test_a_service_that_goes_away_in_the_middle_of_an_upload(monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as stack:
        objects = stack.enter_context(_service(StorageStandIn, monkeypatch))

        def chunks() -> Iterator[bytes]:
            yield b"x" * (2 * PIECE + 1)
            stack.close()
            yield b"x" * PIECE

        with pytest.raises(Unavailable, match="Cloud Storage does not answer"):
            CloudStorage(objects).receive(chunks(), _PLENTY)


def test_a_service_that_is_away_is_unavailable_for_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    with _service(StorageStandIn, monkeypatch) as objects:
        storage = CloudStorage(objects)
        reader = storage.open(storage.receive([b"data"], _PLENTY).name)
    objects = Objects(_BUCKET, patience=0.5)
    for step in [lambda: reader.read_at(0, 4), *_steps(objects, CloudStorage(objects))]:
        with pytest.raises(Unavailable) as caught:
            step()
        assert caught.value.__cause__ is None
        assert "http" not in caught.value.detail


def test_a_service_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    gone = threading.Event()

    class Hanging(StorageStandIn):
        def answer(self, call: Call) -> Reply:
            gone.wait(60)
            return Reply(503)

    with listening(storage_binary(), Hanging) as hanging:
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", hanging.url)
        try:
            with pytest.raises(Unavailable):
                Objects(_BUCKET, patience=0.5).look("x")
        finally:
            gone.set()


def _steps(objects: Objects, storage: CloudStorage) -> list[Callable[[], object]]:
    name = "0" * 32
    return [
        lambda: storage.receive([b"data"], _PLENTY),
        lambda: storage.open(name),
        lambda: storage.keep(name),
        lambda: storage.discard(name),
        lambda: storage.delete(name),
        lambda: storage.sweep(frozenset(), 0),
        lambda: CloudSessions(objects, storage).begin(10, ""),
        lambda: CloudSessions(objects, storage).finish(name),
    ]
