"""What one request costs: documents of Firestore, requests to Cloud Storage. docs/costs.md reckons with these."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from modelserver.gcp.firestore import FirestoreDatabase
from modelserver.gcp.storage import CloudStorage
from modelserver.package import Artifact, Outcome, Package
from tests.cloud.builds import succeeded, told
from tests.cloud.cloudbuild_standin.server import CloudBuild
from tests.cloud.doors import Open, database, function, restored, storage, tell
from tests.cloud.reads import Reads, reads
from tests.cloud.storage_standin import Storage, StorageStandIn
from tests.packages import model, record, zipped

__all__ = ["database", "function", "reads", "restored", "storage"]

_ASYNC = {"Content-Type": "application/zip", "Prefer": "respond-async"}


@dataclass(frozen=True)
class Cost:
    """read, written: documents. stored: class A operations (insert, move). fetched: class B (get). removed: free."""

    read: int = 0
    written: int = 0
    stored: int = 0
    fetched: int = 0
    removed: int = 0


class Till:
    """What was asked since it was made."""

    def __init__(self, reads: Reads, calls: StorageStandIn) -> None:
        self._reads, self._calls = reads, calls
        reads.documents = reads.written = 0
        calls.calls.clear()

    def cost(self) -> Cost:
        methods = Counter(call.method for call in self._calls.calls)
        return Cost(
            self._reads.documents,
            self._reads.written,
            methods["POST"] + methods["PUT"],
            methods["GET"],
            methods["DELETE"],
        )


@pytest.fixture
def builds(shared_storage: Storage) -> Iterator[CloudBuild]:
    with CloudBuild(shared_storage.url, at_once=0) as standin:
        yield standin


@pytest.fixture
def ready(database: FirestoreDatabase, storage: CloudStorage) -> Package:
    upload = storage.receive([b"PK" + b"x" * 100], 1000)
    storage.keep(upload.name)
    package = replace(record(upload=upload.name), size=102, sha256=upload.sha256)
    return database.claim(package.ended(Outcome((Artifact("docker-cpu", "r/tests/hello:000000000000"),))))


def test_get(function: Open, ready: Package, reads: Reads, calls: StorageStandIn) -> None:
    client, till = function("get"), Till(reads, calls)
    assert client.get(f"/{ready.id}").status_code == 200
    assert till.cost() == Cost(read=1)


def test_a_page_of_the_list(function: Open, database: FirestoreDatabase, reads: Reads, calls: StorageStandIn) -> None:
    for number in range(5):
        database.claim(record(number))
    client, till = function("list_packages"), Till(reads, calls)
    assert len(client.get("/?status=any&limit=3").get_json()) == 3
    assert till.cost() == Cost(read=3)


def test_a_download(function: Open, ready: Package, reads: Reads, calls: StorageStandIn) -> None:
    client, till = function("download"), Till(reads, calls)
    assert client.get(f"/{ready.id}.zip").status_code == 200
    assert till.cost() == Cost(read=1, fetched=2)


def test_a_package_from_its_upload_to_its_end(
    function: Open, database: FirestoreDatabase, builds: CloudBuild, reads: Reads, calls: StorageStandIn
) -> None:
    """Sent; told that its build has ended; sent again; deleted."""
    data = zipped(model())
    client, till = function("upload", BUILD_ENDPOINT=builds.url), Till(reads, calls)
    sent = client.post("/", data=data, headers=_ASYNC)
    assert (sent.status_code, till.cost()) == (202, Cost(read=2, written=1, stored=3, fetched=4))

    package = database.get(sent.get_json()["ID"])
    assert package
    client, till = function("on_build"), Till(reads, calls)
    told_of = tell(client, told(succeeded(package)))
    assert (told_of.status_code, till.cost()) == (200, Cost(read=2, written=1, fetched=1))

    client, till = function("upload", BUILD_ENDPOINT=builds.url), Till(reads, calls)
    again = client.post("/", data=data, headers=_ASYNC)
    assert (again.status_code, till.cost()) == (200, Cost(read=1, stored=1, fetched=2, removed=2))

    client, till = function("delete_package", BUILD_ENDPOINT=builds.url), Till(reads, calls)
    assert (client.delete(f"/{package.id}").status_code, till.cost()) == (204, Cost(read=2, written=1, removed=4))
