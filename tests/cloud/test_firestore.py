"""Records in Firestore: what is read and billed, which indexes are needed, what faults do."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from google.api_core.exceptions import PermissionDenied, ServiceUnavailable
from google.cloud.firestore_v1.services.firestore.client import FirestoreClient

from modelserver.errors import Misconfigured, Unavailable
from modelserver.gcp.firestore import INDEXES, FirestoreDatabase
from modelserver.package import Outcome, Package
from modelserver.ports import Query
from tests.cloud.emulators import firestore_emulator
from tests.cloud.reads import Reads, reads
from tests.packages import record

__all__ = ["reads"]

_ENDED = Outcome(test={"Passed": True})
_SHAPES = [
    Query(status=None),
    Query(status="ready"),
    Query(status=None, name="tests/hello"),
    Query(status="ready", name="tests/hello"),
]


@pytest.fixture
def database(firestore_project: str) -> FirestoreDatabase:
    return FirestoreDatabase(firestore_project, patience=10)


def _filled(database: FirestoreDatabase, count: int) -> list[Package]:
    packages = [record(number) for number in range(count)]
    for package in packages:
        database.claim(package)
    return packages


def test_get_reads_one_document(database: FirestoreDatabase, reads: Reads) -> None:
    package = _filled(database, 3)[0]
    database.get(package.id)
    assert (reads.documents, len(reads.queries)) == (1, 0)


def test_a_page_reads_its_own_documents_and_no_more(database: FirestoreDatabase, reads: Reads) -> None:
    _filled(database, 5)
    page = database.list(Query(status=None, limit=2))
    assert reads.documents == 2
    page = database.list(Query(status=None, limit=2, after=page.next))
    assert reads.documents == 4
    page = database.list(Query(status=None, limit=2, after=page.next))
    assert (reads.documents, page.next) == (5, "")


def test_taking_in_a_package_reads_nothing(database: FirestoreDatabase, reads: Reads) -> None:
    database.claim(record(1))
    assert reads.documents == 0


def test_recording_an_end_reads_one_document(database: FirestoreDatabase, reads: Reads) -> None:
    package = _filled(database, 1)[0]
    assert database.swap(package, package.ended(_ENDED))
    assert reads.documents == 1


def test_every_shape_of_query_has_its_index_and_no_index_is_idle(database: FirestoreDatabase, reads: Reads) -> None:
    for query in _SHAPES:
        database.list(query)
    assert {_index(query) for query in reads.queries} == set(INDEXES)


def _index(query: Any) -> tuple[tuple[str, str], ...]:
    """The composite index of a query: what is compared, then the order (firebase.google.com/docs/firestore/query-data/
    index-overview)."""
    where = query.where
    filters = list(where.composite_filter.filters) or [where]
    compared = [part.field_filter.field.field_path for part in filters]
    ordered = [(order.field.field_path, order.direction.name) for order in query.order_by]
    return (*((field, "ASCENDING") for field in compared if field), *ordered)


def test_a_named_database_is_a_world_of_its_own(firestore_project: str) -> None:
    one, other = (FirestoreDatabase(firestore_project, name) for name in ("one-database", "other-database"))
    one.claim(record(1))
    assert other.get(record(1).id) is None
    assert one.get(record(1).id) is not None


def test_evidence_that_is_too_large_becomes_a_note(database: FirestoreDatabase) -> None:
    package = record(1)
    database.claim(package)
    huge = package.ended(Outcome(test={"Passed": True, "Examples": ["é" * 400_000]}, schema={"Input": {}}))
    assert database.swap(package, huge)
    kept = database.get(package.id)
    assert kept
    assert kept.test == {"Passed": True, "Note": "The evidence was too large to be kept."}
    assert replace(kept, test={}) == replace(huge, test={})


def test_a_schema_that_is_too_large_becomes_a_note_too(database: FirestoreDatabase) -> None:
    package = record(1)
    huge = package.ended(Outcome(test={"Passed": True}, schema={"Input": "x" * 2_000_000}))
    database.claim(huge)
    kept = database.get(package.id)
    assert kept
    assert "Note" in kept.schema
    assert kept.status == "ready"


def test_half_a_character_in_what_a_model_said_is_kept_as_it_is(database: FirestoreDatabase) -> None:
    package = record(1).ended(Outcome(test={"Output": "\ud83d"}))
    database.claim(package)
    assert database.get(package.id) == package


@pytest.mark.parametrize("step", ["swap", "delete"])
def test_of_many_changes_at_once_one_happens(database: FirestoreDatabase, step: str) -> None:
    package = _filled(database, 1)[0]
    done: list[bool] = []

    def change(number: int) -> None:
        new = package.ended(Outcome(test={"Number": number}))
        done.append(database.swap(package, new) if step == "swap" else database.delete(package))

    threads = [threading.Thread(target=change, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(done) == [False] * 7 + [True]


@pytest.fixture
def lost_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first write is done, and nobody is told."""
    commit, told = FirestoreClient.commit, iter([False])

    def forgetful(self: FirestoreClient, *args: Any, **kwargs: Any) -> Any:
        reply = commit(self, *args, **{**kwargs, "retry": None})
        if next(told, True):
            return reply
        raise ServiceUnavailable("the answer was lost")

    monkeypatch.setattr(FirestoreClient, "commit", forgetful)


def test_a_swap_whose_answer_is_lost_did_happen(database: FirestoreDatabase, request: pytest.FixtureRequest) -> None:
    package = _filled(database, 1)[0]
    request.getfixturevalue("lost_answer")
    assert database.swap(package, package.ended(_ENDED))
    assert not database.swap(package, package.ended(_ENDED))
    assert database.get(package.id) == package.ended(_ENDED)


def test_a_deletion_whose_answer_is_lost_did_happen(
    database: FirestoreDatabase, request: pytest.FixtureRequest
) -> None:
    package = _filled(database, 1)[0]
    request.getfixturevalue("lost_answer")
    assert database.delete(package)
    assert database.get(package.id) is None


def test_rights_that_are_missing_are_told(database: FirestoreDatabase, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: Any, **kwargs: Any) -> Any:
        raise PermissionDenied("no")

    monkeypatch.setattr(FirestoreClient, "batch_get_documents", refuse)
    with pytest.raises(Misconfigured, match="Firestore refuses this server"):
        database.get(record(1).id)


def test_an_emulator_that_goes_away_is_unavailable_for_every_step(monkeypatch: pytest.MonkeyPatch) -> None:
    with firestore_emulator() as host:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", host)
        FirestoreDatabase("tests").claim(record(1))
        database = FirestoreDatabase("tests", patience=1)
        assert database.get(record(1).id)
    for step in _steps(database):
        with pytest.raises(Unavailable, match="Firestore does not answer") as caught:
            step()
        assert caught.value.__cause__ is None


def test_a_service_that_never_answers_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", f"127.0.0.1:{silent.getsockname()[1]}")
        for step in _steps(FirestoreDatabase("tests", patience=0.5)):
            with pytest.raises(Unavailable, match="Firestore does not answer"):
                step()


def _steps(database: FirestoreDatabase) -> list[Callable[[], object]]:
    package = record(1)
    return [
        lambda: database.claim(package),
        lambda: database.get(package.id),
        lambda: database.swap(package, package.ended(_ENDED)),
        lambda: database.list(Query()),
        lambda: database.delete(package),
    ]
