"""The contract of port Database; every implementation runs it."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from local.database import SQLiteDatabase
from modelserver.config import Completion, Example
from modelserver.gcp.firestore import FirestoreDatabase
from modelserver.memory import MemoryDatabase
from modelserver.package import Artifact, Outcome, PackageID
from modelserver.ports import Database, Query
from tests.packages import record

_READY = Outcome(
    artifacts=(Artifact("docker-cpu", "tests/hello:0", "sha256:" + "1" * 64),),
    schema={"Input": {"type": "object"}},
    test={"Passed": True, "SetupSeconds": 0.25},
)
_ANY = Query(status=None, limit=1000)


@pytest.fixture(params=["memory", "sqlite", "google"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    if request.param == "memory":
        yield MemoryDatabase()
        return
    if request.param == "google":
        yield FirestoreDatabase(request.getfixturevalue("firestore_project"))
        return
    sqlite = SQLiteDatabase(tmp_path / "packages.sqlite")
    yield sqlite
    sqlite.close()


def test_nothing_is_known_at_first(database: Database) -> None:
    assert database.get(PackageID("0" * 40)) is None
    assert database.list(_ANY).packages == ()


def test_what_was_claimed_is_read_back_whole(database: Database) -> None:
    package = record(1)
    full = replace(
        package,
        config=replace(package.config, examples=(Example({"text": "héllo"}, ["a", 1, None]),)),
        completion=(Completion("Environment.CUDA", "12.8", "torch has it"),),
    ).ended(_READY)
    assert database.claim(full) == full
    assert database.get(full.id) == full
    assert database.list(_ANY).packages == (full,)
    assert [record.shown() for record in database.list(_ANY).records] == [
        json.dumps(full.to_json(), indent=2, ensure_ascii=False)
    ]


def test_a_second_claim_changes_nothing_and_sees_the_first(database: Database) -> None:
    first, second = record(1), record(1)
    database.claim(first)
    assert database.claim(second) == first
    assert database.get(first.id) == first


def test_of_many_claims_at_once_one_wins(database: Database) -> None:
    rivals = [record(1) for _ in range(16)]
    seen = []
    threads = [threading.Thread(target=lambda p=rival: seen.append(database.claim(p).build)) for rival in rivals]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 16
    assert len(set(seen)) == 1


def test_a_swap_happens_once(database: Database) -> None:
    package = record(1)
    database.claim(package)
    assert database.swap(package, package.ended(_READY))
    assert not database.swap(package, package.ended(Outcome(error={"code": "BUILD_FAILED"})))
    assert database.get(package.id) == package.ended(_READY)


def test_a_swap_of_another_build_does_nothing(database: Database) -> None:
    package = record(1)
    database.claim(package)
    other = replace(package, build="another")
    assert not database.swap(other, other.ended(_READY))
    assert database.get(package.id) == package


def test_a_swap_without_a_record_makes_none(database: Database) -> None:
    package = record(1)
    assert not database.swap(package, package.ended(_READY))
    assert database.get(package.id) is None


def test_deleted_is_gone_from_get_and_list(database: Database) -> None:
    package = record(1)
    database.claim(package)
    assert database.delete(package)
    assert database.get(package.id) is None
    assert database.list(_ANY).packages == ()
    assert not database.delete(package)


def test_a_deletion_of_what_has_changed_does_nothing(database: Database) -> None:
    package = record(1)
    database.claim(package)
    database.swap(package, package.ended(_READY))
    assert not database.delete(package)
    assert database.get(package.id) == package.ended(_READY)


def test_the_list_is_newest_first_by_status_and_name(database: Database) -> None:
    for number in range(6):
        package = record(number, name="tests/even" if number % 2 == 0 else "tests/odd")
        database.claim(package)
        if number < 4:
            database.swap(package, package.ended(_READY))

    def ids(query: Query) -> list[int]:
        return [int(package.id, 16) for package in database.list(query).packages]

    assert ids(_ANY) == [5, 4, 3, 2, 1, 0]
    assert ids(Query()) == [3, 2, 1, 0]
    assert ids(Query(status="building")) == [5, 4]
    assert ids(Query(status=None, name="tests/odd")) == [5, 3, 1]
    assert ids(Query(name="tests/even")) == [2, 0]
    assert ids(Query(name="tests")) == []


@pytest.mark.parametrize("limit", [1, 2, 3, 7])
def test_pages_cover_everything_once(database: Database, limit: int) -> None:
    for number in range(7):
        database.claim(
            replace(record(number), created="2026-01-01T00:00:00.000000Z" if number < 3 else f"2026-02-0{number}")
        )
    seen, after = [], ""
    while True:
        page = database.list(Query(status=None, limit=limit, after=after))
        assert len(page.packages) <= limit
        assert not page.next or len(page.packages) == limit
        seen += [int(package.id, 16) for package in page.packages]
        after = page.next
        if not after:
            break
    assert seen == [6, 5, 4, 3, 2, 1, 0]


def test_a_page_holds_its_place_when_newer_packages_come(database: Database) -> None:
    for number in range(4):
        database.claim(record(number))
    page = database.list(Query(status=None, limit=2))
    database.claim(record(9))
    rest = database.list(Query(status=None, limit=2, after=page.next))
    assert [int(package.id, 16) for package in rest.packages] == [1, 0]


@pytest.mark.parametrize("token", ["x", "%%%", "AAAA", "é"])
def test_a_made_up_place_is_refused(database: Database, token: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        database.list(Query(after=token))
