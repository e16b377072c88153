"""Faults in the middle of a request, as a client of the functions meets them: a clear problem, nothing half recorded.

Cloud Build's stand-in takes builds here and runs none.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import datetime, timezone
from typing import Any

import pytest
import requests
from google.api_core.exceptions import ServiceUnavailable
from google.cloud.devtools.cloudbuild_v1 import CloudBuildClient
from werkzeug.test import Client

from modelserver.gcp.firestore import FirestoreDatabase
from modelserver.gcp.objects import Objects
from modelserver.gcp.ports import GooglePorts
from modelserver.gcp.storage import CloudStorage
from modelserver.ports import Query
from tests.cloud.cloudbuild_standin.server import CloudBuild
from tests.cloud.doors import Open, database, function, restored, storage
from tests.cloud.emulators import firestore_emulator, storage_binary
from tests.cloud.storage_standin import Call, Reply, Storage, StorageStandIn, listening
from tests.http.packages import problem
from tests.packages import model, record, zipped

__all__ = ["database", "function", "restored", "storage"]

_ASYNC = {"Content-Type": "application/zip", "Prefer": "respond-async"}
_ANY = Query(status=None)


@pytest.fixture
def builds(shared_storage: Storage) -> Iterator[CloudBuild]:
    with CloudBuild(shared_storage.url, at_once=0) as standin:
        yield standin


@pytest.fixture
def upload(function: Open, builds: CloudBuild) -> Client:
    return function("upload", BUILD_ENDPOINT=builds.url)


def _arrived(upload: Client, data: bytes) -> dict[str, Any]:
    """What to post when the bytes have come through a session."""
    begun = upload.post("/uploads", json={"Size": len(data)}).get_json()
    assert requests.put(begun["Location"], data=data, timeout=30).status_code == 200
    return {"Upload": begun["Upload"]}


def _submit(upload: Client, body: dict[str, Any]) -> Any:
    return upload.post("/", json=body, headers={"Prefer": "respond-async"})


# What comes through a session


def test_what_came_through_a_session_is_recorded_and_built_once(
    upload: Client, database: FirestoreDatabase, builds: CloudBuild
) -> None:
    body = _arrived(upload, zipped(model()))
    assert [_submit(upload, body).status_code for _ in range(3)] == [202, 202, 202]
    assert len(database.list(_ANY).packages) == 1
    assert len(builds.builds.list("")) == 1


@pytest.mark.parametrize("data", [b"not a zip", b"PK\x03\x04" + b"\0" * 100, zipped({"a.txt": "no jid.yaml"})])
def test_an_object_that_is_no_package_is_refused_and_gone(
    upload: Client, database: FirestoreDatabase, bucket: str, data: bytes
) -> None:
    body = _arrived(upload, data)
    problem(_submit(upload, body), 422, "INVALID_PACKAGE")
    problem(_submit(upload, body), 400, "BAD_REQUEST")
    assert database.list(_ANY).packages == ()
    assert list(Objects(bucket).listed("")) == []


@pytest.mark.parametrize(
    "name",
    [
        "0" * 32,
        "../packages/x",
        "http://127.0.0.1:9/upload/storage/v1/b/b/o?uploadType=resumable&upload_id=x",
        "gs://strangers/object.zip",
    ],
)
def test_a_strangers_session_is_no_session(upload: Client, database: FirestoreDatabase, name: str) -> None:
    problem(_submit(upload, {"Upload": name}), 400, "BAD_REQUEST")
    assert database.list(_ANY).packages == ()


def test_a_zip_whose_rest_is_missing_waits_for_it(upload: Client, database: FirestoreDatabase) -> None:
    data = zipped(model())
    begun = upload.post("/uploads", json={"Size": len(data)}).get_json()
    cut = requests.put(
        begun["Location"], data=data[:100], headers={"Content-Range": f"bytes 0-99/{len(data)}"}, timeout=30
    )
    assert (cut.status_code, cut.headers["Range"]) == (308, "bytes=0-99")
    problem(_submit(upload, {"Upload": begun["Upload"]}), 409, "CONFLICT")
    asked = requests.put(begun["Location"], headers={"Content-Range": f"bytes */{len(data)}"}, timeout=30)
    assert (asked.status_code, asked.headers["Range"]) == (308, "bytes=0-99")
    rest = {"Content-Range": f"bytes 100-{len(data) - 1}/{len(data)}"}
    assert requests.put(begun["Location"], data=data[100:], headers=rest, timeout=30).status_code == 200
    assert _submit(upload, {"Upload": begun["Upload"]}).status_code == 202
    assert len(database.list(_ANY).packages) == 1


# A zip that is not the one that was checked


@pytest.fixture
def swapped(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """When the check is done, somebody puts another zip in the place of the checked one."""
    claim = FirestoreDatabase.claim

    def swap(self: FirestoreDatabase, package: Any) -> Any:
        key, evil = f"staging/{package.upload}.zip", zipped(model("import evil\n"))
        Objects(bucket).remove(key)
        Objects(bucket).put(key, io.BytesIO(evil), len(evil))
        return claim(self, package)

    monkeypatch.setattr(FirestoreDatabase, "claim", swap)


@pytest.mark.usefixtures("swapped")
@pytest.mark.parametrize("by_session", [False, True])
def test_a_zip_that_was_swapped_after_the_check_is_refused(
    upload: Client, database: FirestoreDatabase, builds: CloudBuild, by_session: bool
) -> None:
    data = zipped(model())
    answer = _submit(upload, _arrived(upload, data)) if by_session else upload.post("/", data=data, headers=_ASYNC)
    assert "Send yours again" in problem(answer, 409, "CONFLICT")["detail"]
    assert database.list(_ANY).packages == ()
    assert builds.builds.list("") == []


# Sums that do not agree


class Damaging(StorageStandIn):
    """Flips a bit of every zip that comes in."""

    def answer(self, call: Call) -> Reply:
        return super().answer(
            Call(call.method, call.target, call.headers, call.body.replace(b"PK\x05\x06", b"PK\x05\x07"))
        )


class Rotting(StorageStandIn):
    """Flips a bit of everything that it gives back."""

    def answer(self, call: Call) -> Reply:
        reply = super().answer(call)
        body = reply.body.replace(b"PK\x05\x06", b"PK\x05\x07") if "alt=media" in call.target else reply.body
        return Reply(reply.status, reply.headers, body)


@pytest.fixture
def service(bucket: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[type[StorageStandIn]], Storage]]:
    """service(Damaging): from now on Cloud Storage is such a one, and empty."""
    with ExitStack() as stack:

        def begin(kind: type[StorageStandIn]) -> Storage:
            storage = stack.enter_context(listening(storage_binary(), kind))
            storage.service.create_bucket(bucket)
            monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage.url)
            return storage

        yield begin


def test_a_zip_that_was_damaged_on_its_way_in_is_refused_and_gone(
    upload: Client,
    database: FirestoreDatabase,
    bucket: str,
    service: Callable[[type[StorageStandIn]], Storage],
) -> None:
    service(Damaging)
    problem(upload.post("/", data=zipped(model()), headers=_ASYNC), 503, "UNAVAILABLE")
    assert database.list(_ANY).packages == ()
    assert list(Objects(bucket).listed("")) == []


def test_a_zip_that_comes_back_damaged_is_not_taken_in_and_not_lost(
    upload: Client,
    database: FirestoreDatabase,
    service: Callable[[type[StorageStandIn]], Storage],
) -> None:
    """Once Cloud Storage gives back what it was given, the same request succeeds."""
    rotting = service(Rotting).service
    body = _arrived(upload, zipped(model()))
    problem(_submit(upload, body), 503, "UNAVAILABLE")
    assert database.list(_ANY).packages == ()
    rotting.__class__ = StorageStandIn
    assert _submit(upload, body).status_code == 202


# Services that go away


def test_firestore_goes_away_while_a_zip_comes_in(upload: Client, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    receive = CloudStorage.receive
    with ExitStack() as stack:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", stack.enter_context(firestore_emulator()))
        FirestoreDatabase("tests", "packages").claim(record(1))  # so that it is awake
        monkeypatch.setattr(GooglePorts, "database", FirestoreDatabase("tests", "packages", patience=1))

        def last(*arguments: Any) -> Any:
            received = receive(*arguments)
            stack.close()
            return received

        monkeypatch.setattr(CloudStorage, "receive", last)
        answer = upload.post("/", data=zipped(model()), headers=_ASYNC)
    assert "Firestore" in problem(answer, 503, "UNAVAILABLE")["detail"]
    assert list(Objects(bucket).listed("")) == []


@pytest.mark.parametrize("step", ["receive", "open", "keep"])
def test_storage_goes_away_at_any_step_of_an_upload(
    upload: Client,
    database: FirestoreDatabase,
    builds: CloudBuild,
    bucket: str,
    monkeypatch: pytest.MonkeyPatch,
    step: str,
) -> None:
    """What was recorded by then has failed, so that it can be sent again."""
    work = getattr(CloudStorage, step)
    with ExitStack() as stack:
        storage = stack.enter_context(listening(storage_binary()))
        storage.service.create_bucket(bucket)
        monkeypatch.setenv("STORAGE_EMULATOR_HOST", storage.url)
        monkeypatch.setattr(GooglePorts, "_zips", Objects(bucket, patience=1))

        def too_late(*arguments: Any) -> Any:
            stack.close()
            return work(*arguments)

        monkeypatch.setattr(CloudStorage, step, too_late)
        answer = upload.post("/", data=zipped(model()), headers=_ASYNC)
    assert "Cloud Storage" in problem(answer, 503, "UNAVAILABLE")["detail"]
    assert [package.status for package in database.list(_ANY).packages] == (["failed"] if step == "keep" else [])
    assert builds.builds.list("") == []


def test_cloud_build_is_away(function: Open, database: FirestoreDatabase) -> None:
    upload = function("upload", BUILD_ENDPOINT="http://127.0.0.1:9")
    assert (
        "Cloud Build" in problem(upload.post("/", data=zipped(model()), headers=_ASYNC), 503, "UNAVAILABLE")["detail"]
    )
    (package,) = database.list(_ANY).packages
    assert (package.status, package.error["code"]) == ("failed", "BUILD_FAILED")
    assert "Upload it again" in str(package.error["detail"])


def test_a_build_whose_answer_is_lost_is_found_and_not_created_twice(
    upload: Client, builds: CloudBuild, monkeypatch: pytest.MonkeyPatch
) -> None:
    create = CloudBuildClient.create_build

    def forgetful(*arguments: Any, **options: Any) -> Any:
        create(*arguments, **options)
        raise ServiceUnavailable("the answer was lost")

    monkeypatch.setattr(CloudBuildClient, "create_build", forgetful)
    for _ in range(2):
        assert upload.post("/", data=zipped(model()), headers=_ASYNC).status_code == 202
    assert len(builds.builds.list("")) == 1


# Instances that end between two steps, and nobody comes back


def test_a_build_that_was_never_begun_has_failed_after_a_while(
    function: Open, database: FirestoreDatabase, builds: CloudBuild
) -> None:
    """Recorded, and then the instance died; nobody has sent it again."""
    forgotten = database.claim(record(1))
    fresh = database.claim(replace(record(2), created=datetime.now(timezone.utc).isoformat()))
    get = function("get", BUILD_ENDPOINT=builds.url, HEAL_AFTER="0")
    failed = get.get(f"/{forgotten.id}").get_json()
    assert (failed["Status"], failed["Error"]["code"], failed["Error"]["ID"]) == ("failed", "UNAVAILABLE", forgotten.id)
    assert "Upload the package again" in failed["Error"]["detail"]
    assert get.get(f"/{fresh.id}").get_json()["Status"] == "building"
