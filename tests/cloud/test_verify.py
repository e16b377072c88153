"""`python -m modelserver.gcp.verify` over Google's Firestore emulator and the stand-in for Cloud Storage."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest

from modelserver.errors import TestFailed
from modelserver.gcp import verify
from modelserver.gcp.firestore import FirestoreDatabase
from modelserver.gcp.objects import Objects
from modelserver.gcp.storage import CloudStorage, kept
from modelserver.inspection import Rules, inspect_zip
from modelserver.package import Artifact, Outcome, Package, PackageID
from modelserver.settings import Settings
from tests.packages import model, record, zipped

_READY = Outcome((Artifact("docker-cpu", "tests/hello:0", "sha256:" + "1" * 64),), {}, {"Passed": True})
_FAILED = Outcome(error=TestFailed("no cheese").to_json())


@dataclass
class Cloud:
    """A bucket and a database with a package that is ready, one that failed, and one that is being built."""

    database: FirestoreDatabase
    objects: Objects
    packages: list[Package]

    @property
    def zip(self) -> str:
        """The key of the first one's."""
        return kept(self.packages[0].upload)

    def replace(self, key: str, data: bytes) -> None:
        self.objects.remove(key)
        self.objects.put(key, io.BytesIO(data), len(data))


def _package(storage: CloudStorage, number: int) -> Package:
    upload = storage.receive(iter([zipped(model(salt=str(number)))]), 1 << 20)
    reader = storage.open(upload.name)
    inspection = inspect_zip(reader, Rules.of(Settings(python="3.11")), {})
    reader.close()
    storage.keep(upload.name)
    assert inspection.id
    return replace(record(number, upload=upload.name), id=inspection.id, size=upload.size, sha256=upload.sha256)


@pytest.fixture
def cloud(firestore_project: str, bucket: str, monkeypatch: pytest.MonkeyPatch) -> Cloud:
    for name, value in (("PROJECT", firestore_project), ("BUCKET", bucket), ("DATABASE", "(default)")):
        monkeypatch.setenv(f"MODELSERVER_{name}", value)
    monkeypatch.setattr(verify, "_MOMENT", 0.0)
    monkeypatch.setattr(verify, "_PATIENCE", timedelta(0))
    database, objects = FirestoreDatabase(firestore_project, "(default)"), Objects(bucket)
    made = [_package(CloudStorage(objects), number) for number in range(3)]
    packages = [made[0].ended(_READY), made[1].ended(_FAILED), made[2]]
    for package in packages:
        database.claim(package)
    return Cloud(database, objects, packages)


def test_what_is_sound_is_sound(cloud: Cloud, capsys: pytest.CaptureFixture[str]) -> None:
    cloud.objects.put(f"recipes/{cloud.packages[2].id}/{cloud.packages[2].build}.tar.gz", io.BytesIO(b"x"), 1)
    assert verify.main([]) == 0
    said = capsys.readouterr().out
    assert "3 packages (1 ready, 1 building, 1 failed)" in said
    assert said.endswith("all sound\n")


def _flip(cloud: Cloud) -> None:
    data = bytearray(zipped(model(salt="0")))
    data[50] ^= 1
    cloud.replace(cloud.zip, bytes(data))


def _rename(cloud: Cloud) -> None:
    cloud.database.claim(replace(cloud.packages[0], id=PackageID("0" * 40)))


_DAMAGE: dict[str, Callable[[Cloud], object]] = {
    "has SHA-256": _flip,
    "has 2 bytes": lambda cloud: cloud.replace(cloud.zip, b"PK"),
    "is not there": lambda cloud: cloud.objects.remove(cloud.zip),
    "another ID": _rename,
    "no record names this object": lambda cloud: cloud.objects.put(kept("0" * 32), io.BytesIO(b"PK"), 2),
    "has no artifact": lambda cloud: cloud.database.swap(cloud.packages[0], replace(cloud.packages[0], artifacts=())),
}


@pytest.mark.parametrize("what", _DAMAGE)
def test_damage_is_found_and_named_with_its_cure(cloud: Cloud, what: str, capsys: pytest.CaptureFixture[str]) -> None:
    _DAMAGE[what](cloud)
    assert verify.main([]) == 1
    said = capsys.readouterr().out
    assert what in said
    assert "  cure: " in said
    assert said.endswith("1 damaged\n")


def test_what_came_lately_may_be_a_deletion_under_way(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(verify, "_PATIENCE", timedelta(days=1))
    cloud.objects.put(kept("0" * 32), io.BytesIO(b"PK"), 2)
    assert verify.main([]) == 0


def test_a_setting_that_is_missing_is_told_in_a_line(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MODELSERVER_BUCKET")
    assert verify.main([]) == 2
    assert capsys.readouterr().err == "modelserver cannot verify: MODELSERVER_BUCKET is not set.\n"
