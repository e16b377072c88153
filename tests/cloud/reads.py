"""A fixture: what Firestore would bill."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from google.cloud.firestore_v1.services.firestore.client import FirestoreClient


@dataclass
class Reads:
    """Documents that came over the wire, as Firestore bills them; the queries that asked; documents written."""

    documents: int
    queries: list[Any]
    written: int = 0


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> Reads:
    counted = Reads(0, [])
    get, run, commit = FirestoreClient.batch_get_documents, FirestoreClient.run_query, FirestoreClient.commit

    def counted_get(self: FirestoreClient, *args: Any, **kwargs: Any) -> Iterator[Any]:
        for reply in get(self, *args, **kwargs):
            counted.documents += 1  # one that is missing is billed too
            yield reply

    def counted_run(self: FirestoreClient, *args: Any, **kwargs: Any) -> Iterator[Any]:
        counted.queries.append(kwargs["request"]["structured_query"])
        for reply in run(self, *args, **kwargs):
            counted.documents += 1 if reply.document.name else 0
            yield reply

    def counted_commit(self: FirestoreClient, *args: Any, **kwargs: Any) -> Any:
        counted.written += len(kwargs["request"]["writes"])
        return commit(self, *args, **kwargs)

    monkeypatch.setattr(FirestoreClient, "commit", counted_commit)
    monkeypatch.setattr(FirestoreClient, "batch_get_documents", counted_get)
    monkeypatch.setattr(FirestoreClient, "run_query", counted_run)
    return counted
