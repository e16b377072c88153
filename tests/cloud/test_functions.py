"""Each function at its own URL and under /v1/packages/, and what it answers when it is asked for another's."""

from __future__ import annotations

from dataclasses import replace

import pytest

from modelserver.gcp.firestore import FirestoreDatabase
from modelserver.gcp.storage import CloudStorage
from modelserver.package import Artifact, Outcome, Package
from tests.cloud.builds import succeeded, told
from tests.cloud.doors import Open, bare, database, function, restored, storage, tell
from tests.http.packages import problem
from tests.packages import model, record, zipped

__all__ = ["bare", "database", "function", "restored", "storage"]

_ID = "0" * 40
_ZIP = {"Content-Type": "application/zip"}
_HTTP = ("upload", "check", "get", "download", "infer", "list_packages", "delete_package", "api")


def _recorded(database: FirestoreDatabase, storage: CloudStorage, size: int = 100) -> Package:
    """A package that is ready, its zip kept."""
    upload = storage.receive([b"PK" + b"x" * (size - 2)], size)
    storage.keep(upload.name)
    package = replace(record(upload=upload.name), size=size, sha256=upload.sha256)
    package = package.ended(Outcome((Artifact("docker-cpu", "r/tests/hello:000000000000"),)))
    return database.claim(package)


@pytest.mark.parametrize("mount", ["", "/v1/packages"])
def test_a_package_at_each_functions_url(
    function: Open, database: FirestoreDatabase, storage: CloudStorage, mount: str
) -> None:
    package = _recorded(database, storage)
    assert function("get").get(f"{mount}/{package.id}").get_json() == package.to_json()
    assert function("download").get(f"{mount}/{package.id}.zip").get_data().startswith(b"PKx")
    problem(function("download").get(f"{mount}/{package.id}/log"), 503, "UNAVAILABLE")  # no Cloud Build here
    assert [one["ID"] for one in function("list_packages").get(f"{mount}/").get_json()] == [package.id]
    assert (
        function("check").post(f"{mount}/check" if mount else "/", data=zipped(model()), headers=_ZIP).get_json()["ID"]
    )
    begun = function("upload").post(f"{mount}/uploads", json={"Size": 10})
    assert begun.status_code == 201
    assert begun.get_json()["Location"] == begun.headers["Location"]
    direct = function("upload").post(f"{mount}/upload" if mount else "/", data=b"no zip", headers=_ZIP)
    problem(direct, 422, "INVALID_PACKAGE")


@pytest.mark.parametrize(
    ("target", "method", "path"),
    [
        ("upload", "GET", f"/v1/packages/{_ID}"),
        ("upload", "POST", "/v1/packages/check"),
        ("check", "POST", "/v1/packages/upload"),
        ("check", "POST", "/v1/packages/uploads"),
        ("get", "DELETE", f"/{_ID}"),
        ("get", "GET", f"/{_ID}.zip"),
        ("get", "GET", f"/{_ID}/log"),
        ("get", "GET", "/"),
        ("get", "GET", "/v1/health"),
        ("download", "GET", f"/{_ID}"),
        ("infer", "GET", f"/{_ID}"),
        ("list_packages", "GET", f"/{_ID}"),
        ("list_packages", "DELETE", f"/{_ID}"),
        ("delete_package", "GET", f"/{_ID}"),
        ("delete_package", "POST", "/v1/packages/upload"),
        ("api", "GET", "/v2/packages/"),
        ("get", "GET", "/a/b/c"),
    ],
)
def test_a_function_answers_nothing_but_its_own(function: Open, target: str, method: str, path: str) -> None:
    problem(function(target).open(path, method=method), 404, "NOT_FOUND")


@pytest.mark.parametrize("target", _HTTP)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "OPTIONS"])
def test_other_methods_are_problems_too(function: Open, target: str, method: str) -> None:
    problem(function(target).open("/v1/packages/", method=method), 405, "METHOD_NOT_ALLOWED")


@pytest.mark.parametrize("target", _HTTP)
@pytest.mark.parametrize("path", ["/robots.txt", "/favicon.ico"])
def test_what_the_framework_keeps_to_itself_is_a_problem_too(bare: Open, target: str, path: str) -> None:
    """It asks no function about these two."""
    problem(bare(target).get(path), 404, "NOT_FOUND")


@pytest.mark.parametrize("path", ["/", "/upload", "/v1/packages/upload"])
def test_an_upload_at_each_of_its_addresses(function: Open, path: str) -> None:
    problem(function("upload").post(path, data=b"no zip", headers=_ZIP), 422, "INVALID_PACKAGE")


@pytest.mark.parametrize(
    ("target", "method", "path", "missing"),
    [
        ("upload", "POST", "/", "MODELSERVER_BUCKET"),
        ("check", "POST", "/", "MODELSERVER_BUCKET"),
        ("get", "GET", f"/{_ID}", "MODELSERVER_PROJECT"),
        ("download", "GET", f"/{_ID}.zip", "MODELSERVER_PROJECT"),
        ("infer", "POST", f"/{_ID}/infer", "MODELSERVER_PROJECT"),
        ("list_packages", "GET", "/", "MODELSERVER_PROJECT"),
        ("delete_package", "DELETE", f"/{_ID}", "MODELSERVER_PROJECT"),
        ("api", "GET", "/v1/packages/", "MODELSERVER_PROJECT"),
    ],
)
def test_a_setting_that_is_missing_is_named_when_it_is_needed(
    bare: Open, target: str, method: str, path: str, missing: str
) -> None:
    """Not before: a function that does not start says nothing but "container failed to listen"."""
    answer = bare(target).open(path, method=method, data=b"x" if method == "POST" else None, headers=_ZIP)
    document = problem(answer, 500, "MISCONFIGURED")
    assert missing in document["detail"]


def test_a_setting_that_cannot_be_read_is_named_too(bare: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MODELSERVER_MAX_DIRECT", "lots")
    assert "MODELSERVER_MAX_DIRECT='lots'" in problem(bare("get").get(f"/{_ID}"), 500, "MISCONFIGURED")["detail"]


def test_what_breaks_inside_is_a_problem_and_no_page(
    function: Open, database: FirestoreDatabase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FirestoreDatabase, "get", lambda self, package_id: 1 / 0)
    document = problem(function("get").get(f"/{_ID}"), 500, "INTERNAL")
    assert "division" not in str(document)


def test_a_database_that_is_away_is_a_problem(function: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    client = function("list_packages")
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", "127.0.0.1:9")
    monkeypatch.setattr("modelserver.gcp.ports.GooglePorts.database", FirestoreDatabase("p", "d", patience=0.5))
    problem(client.get("/"), 503, "UNAVAILABLE")


def test_a_large_zip_is_a_link_and_a_small_one_is_bytes(
    function: Open, database: FirestoreDatabase, storage: CloudStorage
) -> None:
    large = _recorded(database, storage, 10_000_001)
    answer = function("download").get(f"/{large.id}.zip")
    assert answer.status_code == 307
    assert "X-Goog-Signature=" in answer.headers["Location"]
    assert answer.get_data() == b""
    assert "no-store" in answer.headers["Cache-Control"]


def test_the_end_of_a_build_is_recorded_once(function: Open, database: FirestoreDatabase) -> None:
    package = database.claim(record())
    client = function("on_build")
    for _ in range(3):
        assert tell(client, told(succeeded(package))).status_code == 200
    assert function("get").get(f"/{package.id}").get_json()["Status"] == "ready"


@pytest.mark.parametrize("data", [{}, [], {"message": {"data": "%%%"}}, {"message": {"data": "bm8ganNvbg=="}}])
def test_a_message_that_is_no_build_is_taken_and_dropped(function: Open, data: object) -> None:
    """An error would bring it back for a day."""
    assert tell(function("on_build"), data).status_code == 200


def test_a_build_whose_end_cannot_be_recorded_is_to_be_told_again(function: Open, database: FirestoreDatabase) -> None:
    package = database.claim(record())
    answer = tell(function("on_build", DATABASE=""), told(succeeded(package)))
    assert "MODELSERVER_DATABASE" in problem(answer, 500, "MISCONFIGURED")["detail"]


def test_zips_that_no_record_names_are_swept_when_they_are_old(
    function: Open, database: FirestoreDatabase, storage: CloudStorage
) -> None:
    named = _recorded(database, storage)
    orphan = storage.receive([b"PK"], 10)
    storage.keep(orphan.name)
    assert tell(function("sweep"), {}).status_code == 200
    storage.open(orphan.name)
    assert tell(function("sweep", SWEEP_AFTER="0"), {}).status_code == 200
    storage.open(named.upload)
    with pytest.raises(KeyError):
        storage.open(orphan.name)


def test_what_is_no_event_is_a_problem(function: Open) -> None:
    client = function("on_build")
    problem(client.get("/"), 405, "METHOD_NOT_ALLOWED")
    problem(client.post("/", data=b"{"), 400, "BAD_REQUEST")
    problem(client.post("/", json={"neither": "event"}), 400, "BAD_REQUEST")


def test_what_breaks_in_an_event_is_a_problem_without_detail(function: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    client = function("on_build")
    monkeypatch.setattr("modelserver.gcp.events.ended_build", lambda data, logs: 1 / 0)
    assert "division" not in str(problem(tell(client, {}), 500, "INTERNAL"))
