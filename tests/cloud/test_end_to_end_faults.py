"""What goes wrong on the way: builds that end badly, messages that get lost, instances that die."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud.cloudbuild_standin.delivery import Trouble
from tests.cloud.engines import need_builders
from tests.cloud.functions import Answer, Project, curl, project
from tests.cloud.storage_standin import Storage
from tests.packages import FAILING, HELLO, SLEEPING, model, zipped

pytestmark = pytest.mark.docker


@pytest.fixture
def cloud(tmp_path: Path, firestore_host: str, shared_storage: Storage, bucket: str) -> Iterator[Project]:
    need_builders()
    with project(tmp_path, firestore_host, shared_storage.url, bucket) as cloud:
        yield cloud


def _zip(folder: Path, code: str = HELLO) -> Path:
    """Of a package that nobody has seen."""
    file = folder / "model.zip"
    file.write_bytes(zipped(model(code, salt=uuid.uuid4().hex)))
    return file


def _later(cloud: Project, file: Path) -> str:
    """The package's ID, without waiting for its build."""
    sent = cloud.upload(file, "-H", "Prefer: respond-async")
    assert sent.status == 202, sent.body
    return str(sent.json()["ID"])


def _once(cloud: Project, answer: Answer) -> None:
    """Ready, and nothing lost or doubled: one record, one kept zip, one build."""
    assert answer.status in (200, 201), answer.body + cloud.logs().encode()
    assert [(one["ID"], one["Status"]) for one in cloud.listed("?status=any")] == [(answer.json()["ID"], "ready")]
    assert len(cloud.kept()) == 1
    assert len(cloud.builds()) == 1


def test_a_test_that_fails_is_told_with_its_log(cloud: Project, tmp_path: Path) -> None:
    cloud.tell()
    answer = cloud.upload(_zip(tmp_path, FAILING))
    assert answer.status == 422
    problem = answer.json()
    assert problem["code"] == "TEST_FAILED"
    assert "out of cheese" in problem["detail"]
    assert 'Step #3 - "judge"' in problem["log"]
    assert cloud.get(problem["ID"])["Error"] == problem
    assert cloud.listed() == []


def test_a_build_that_takes_too_long_is_told(cloud: Project, tmp_path: Path) -> None:
    cloud.tell()
    cloud.start("upload", BUILD_TIMEOUT="20")
    package = cloud.ended(_later(cloud, _zip(tmp_path, SLEEPING)))
    assert package["Error"]["code"] == "BUILD_TIMED_OUT"


def test_a_build_that_somebody_cancels_is_told(cloud: Project, tmp_path: Path) -> None:
    """In Google's console, that is; who deletes a package cancels its build too, and nothing stays of it."""
    cloud.tell()
    package_id = _later(cloud, _zip(tmp_path, SLEEPING))
    cloud.standin.builds.cancel(cloud.builds()[0].id)
    assert cloud.ended(package_id)["Error"]["code"] == "BUILD_CANCELLED"


def test_who_deletes_a_package_that_builds_ends_its_build(cloud: Project, tmp_path: Path) -> None:
    cloud.tell()
    package_id = _later(cloud, _zip(tmp_path, SLEEPING))
    assert curl("-X", "DELETE", f"{cloud.url('delete_package')}/{package_id}").status == 204
    assert [build.status.name for build in cloud.builds()] == ["CANCELLED"]
    assert cloud.listed("?status=any") == []
    assert cloud.kept() == set()


def test_a_message_that_is_lost_is_asked_for(cloud: Project, tmp_path: Path) -> None:
    cloud.start("get", HEAL_AFTER="1")
    assert cloud.ended(_later(cloud, _zip(tmp_path)))["Status"] == "ready"


@pytest.mark.parametrize(
    "trouble", [Trouble(copies=3), Trouble(delay=3), Trouble(reversed=True)], ids=["thrice", "late", "reversed"]
)
def test_messages_come_as_they_like(cloud: Project, tmp_path: Path, trouble: Trouble) -> None:
    cloud.tell(trouble)
    file = _zip(tmp_path)
    ready = cloud.ended(_later(cloud, file))
    assert cloud.delivery
    cloud.delivery.drain()
    assert cloud.get(ready["ID"]) == ready
    _once(cloud, cloud.upload(file))


@pytest.mark.parametrize(
    "step",
    [
        "before storage.receive",
        "after storage.receive",
        "after database.claim",
        "after storage.keep",
        "after engine._recipes.write",
        "after engine._builds.create",
        "before engine.wait",
    ],
)
def test_an_upload_whose_instance_dies_is_repeated(cloud: Project, tmp_path: Path, step: str) -> None:
    cloud.tell()
    file = _zip(tmp_path)
    dying = cloud.start("upload", stumble=step)
    assert cloud.upload(file).status == 0
    assert dying.process.wait(20) != 0
    cloud.start("upload", HEAL_AFTER="1")
    _once(cloud, cloud.upload(file))


@pytest.mark.parametrize("step", ["after sessions.finish", "after database.claim", "after storage.keep"])
def test_an_upload_by_session_whose_instance_dies_is_repeated(cloud: Project, tmp_path: Path, step: str) -> None:
    """The zip has come only once, so that the second try needs what the first one left; it does not have to wait."""
    cloud.tell()
    file, as_json = _zip(tmp_path), ("-H", "Content-Type: application/json")
    dying = cloud.start("upload", stumble=step)
    begun = curl(f"{dying.url}/uploads", *as_json, "-d", json.dumps({"Size": file.stat().st_size})).json()
    assert curl("-T", file, begun["Location"]).status == 200
    body = json.dumps({"Upload": begun["Upload"]})
    assert curl(f"{dying.url}/", *as_json, "-d", body).status == 0
    assert dying.process.wait(20) != 0
    _once(cloud, curl(f"{cloud.start('upload').url}/", *as_json, "-d", body))


@pytest.mark.parametrize("step", ["before database.swap", "after database.swap"])
def test_a_failed_package_that_is_sent_anew_while_the_instance_dies(cloud: Project, tmp_path: Path, step: str) -> None:
    """What the failed one left goes with the sweep, if it did not go at once."""
    cloud.tell()
    file = _zip(tmp_path)
    package_id = _later(cloud, file)
    cloud.standin.builds.cancel(cloud.builds()[0].id)
    assert cloud.ended(package_id)["Status"] == "failed"
    dying = cloud.start("upload", stumble=step)
    assert cloud.upload(file).status == 0
    assert dying.process.wait(20) != 0
    cloud.start("upload", HEAL_AFTER="1")
    again = cloud.upload(file)
    assert (again.status, again.json()["Status"]) in ((200, "ready"), (201, "ready")), again.body
    cloud.sweep()
    assert len(cloud.kept()) == 1
    assert len(cloud.builds()) == 2


@pytest.mark.parametrize("step", ["after database.delete", "before storage.delete"])
def test_a_deletion_whose_instance_dies_leaves_nothing(cloud: Project, tmp_path: Path, step: str) -> None:
    cloud.tell()
    package_id = _later(cloud, _zip(tmp_path))
    assert cloud.ended(package_id)["Status"] == "ready"
    dying = cloud.start("delete_package", stumble=step)
    assert curl("-X", "DELETE", f"{dying.url}/{package_id}").status == 0
    assert curl("-X", "DELETE", f"{cloud.start('delete_package').url}/{package_id}").status == 404
    cloud.sweep()
    assert cloud.listed("?status=any") == []
    assert cloud.kept() == set()


@pytest.mark.parametrize("step", ["before database.swap", "after database.swap"])
def test_an_end_whose_recorder_dies_is_recorded(cloud: Project, tmp_path: Path, step: str) -> None:
    dying = cloud.start("on_build", stumble=step)
    cloud.tell()
    file = _zip(tmp_path)
    package_id = _later(cloud, file)
    assert dying.process.wait(180) != 0
    cloud.start("on_build", port=int(dying.url.rpartition(":")[2]))
    assert cloud.ended(package_id)["Status"] == "ready"
    _once(cloud, cloud.upload(file))
