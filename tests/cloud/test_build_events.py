"""What Cloud Build's messages do to the records: every end once, in whatever order and however often."""

from __future__ import annotations

import base64
import itertools
import json
from dataclasses import replace
from types import SimpleNamespace
from typing import cast

import pytest

from modelserver.catalog import Catalog
from modelserver.gcp.events import ended_build, record_end
from modelserver.gcp.objects import Objects
from modelserver.jsontypes import JSON, Object
from modelserver.memory import MemoryDatabase
from modelserver.package import Package
from modelserver.ports import Ports
from tests.cloud.builds import DIGEST, build_of, failed_at, succeeded, told
from tests.packages import record


@pytest.fixture
def database() -> MemoryDatabase:
    return MemoryDatabase()


@pytest.fixture
def catalog(database: MemoryDatabase) -> Catalog:
    """Of its ports, messages touch the database alone."""
    return Catalog(cast(Ports, SimpleNamespace(database=database)), heal_after=1e9)


@pytest.fixture
def logs(bucket: str) -> Objects:
    return Objects(bucket)


def _status(database: MemoryDatabase, package: Package) -> str:
    known = database.get(package.id)
    return known.status if known else "gone"


@pytest.fixture
def package(database: MemoryDatabase) -> Package:
    return database.claim(record(7))


def test_a_success_makes_the_package_ready(
    catalog: Catalog, database: MemoryDatabase, package: Package, logs: Objects
) -> None:
    record_end(told(succeeded(package)), logs, catalog)
    known = database.get(package.id)
    assert known is not None
    assert known.status == "ready"
    assert [(one.target, one.digest, one.tested) for one in known.artifacts] == [("docker-cpu", DIGEST, True)]
    assert known.test["Passed"] is True


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("FAILURE", "UNAVAILABLE"),
        ("INTERNAL_ERROR", "UNAVAILABLE"),
        ("TIMEOUT", "BUILD_TIMED_OUT"),
        ("CANCELLED", "BUILD_CANCELLED"),
        ("EXPIRED", "UNAVAILABLE"),
    ],
)
def test_every_other_end_is_recorded_with_its_reason(
    status: str, code: str, catalog: Catalog, database: MemoryDatabase, package: Package, logs: Objects
) -> None:
    record_end(told(build_of(package, status)), logs, catalog)
    known = database.get(package.id)
    assert known is not None
    assert (known.status, known.error["code"], known.error["ID"]) == ("failed", code, package.id)


@pytest.mark.parametrize("end", [succeeded, lambda package: failed_at(package, "build")])
def test_messages_in_any_order_each_of_them_twice_end_alike(
    end: object, catalog: Catalog, database: MemoryDatabase, logs: Objects
) -> None:
    assert callable(end)
    for number, order in enumerate(itertools.permutations(range(4))):
        package = database.claim(record(number))
        told_of = [told(build_of(package, status)) for status in ("PENDING", "QUEUED", "WORKING")] + [
            told(end(package))
        ]
        seen = set()
        for index in [*order, *order]:
            record_end(told_of[index], logs, catalog)
            seen.add(_status(database, package))
        assert seen <= {"building", _status(database, package)}
        assert _status(database, package) == ("ready" if end is succeeded else "failed")


def test_a_later_message_changes_no_end(
    catalog: Catalog, database: MemoryDatabase, package: Package, logs: Objects
) -> None:
    record_end(told(succeeded(package)), logs, catalog)
    first = database.get(package.id)
    for status in ("CANCELLED", "TIMEOUT", "WORKING"):
        record_end(told(build_of(package, status)), logs, catalog)
    assert database.get(package.id) == first


def test_an_earlier_build_of_the_package_changes_nothing(
    catalog: Catalog, database: MemoryDatabase, package: Package, logs: Objects
) -> None:
    record_end(told(succeeded(replace(package, build="0" * 32))), logs, catalog)
    assert database.get(package.id) == package


def test_a_package_that_is_gone_stays_gone(
    catalog: Catalog, database: MemoryDatabase, package: Package, logs: Objects
) -> None:
    database.delete(package)
    record_end(told(succeeded(package)), logs, catalog)
    assert database.get(package.id) is None


def _encoded(text: bytes) -> Object:
    return {"message": {"data": base64.b64encode(text).decode()}}


_POISON: list[JSON] = [
    None,
    "text",
    [],
    {},
    {"message": None},
    {"message": {}},
    {"message": {"data": None}},
    {"message": {"data": 7}},
    {"message": {"data": "no base64!"}},
    {"message": {"data": "\u00fc"}},
    _encoded(b""),
    _encoded(b"\xff\xfe"),
    _encoded(b"not json"),
    _encoded(b"[]"),
    _encoded(b'"text"'),
    _encoded(b"7"),
    _encoded(b'{"steps": 7}'),
    _encoded(b'{"timeout": "half an hour"}'),
    _encoded(b"[" * 100_000),
]


@pytest.mark.parametrize("data", _POISON, ids=range(len(_POISON)))
def test_what_cannot_be_read_is_dropped_and_said(data: JSON, logs: Objects, caplog: pytest.LogCaptureFixture) -> None:
    assert ended_build(data, logs) is None
    assert "was dropped" in caplog.text


@pytest.mark.parametrize(
    "tags", [[], ["modelserver"], ["package-xyz", "build-1"], [f"package-{'a' * 40}"], [f"build-{'a' * 32}"]]
)
def test_builds_of_others_are_none_of_ours(tags: list[JSON], logs: Objects) -> None:
    assert ended_build(told(build_of(record(1), "SUCCESS", tags=tags)), logs) is None


def test_a_status_that_the_library_does_not_know_yet_is_no_end(logs: Objects, package: Package) -> None:
    assert ended_build(told(build_of(package, "PAUSED")), logs) is None


def test_fields_that_the_library_does_not_know_yet_do_no_harm(logs: Objects, package: Package) -> None:
    data = told(succeeded(package))
    message = data["message"]
    assert isinstance(message, dict)
    build = json.loads(base64.b64decode(str(message["data"])))
    ended = ended_build(_encoded(json.dumps(build | {"brandNew": {"a": 1}}).encode()), logs)
    assert ended is not None
    assert ended.outcome.error == {}
