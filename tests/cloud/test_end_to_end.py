"""From curl to an image in a registry and back, through the functions as they are deployed."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud.engines import REGISTRY, ROOT, need_builders
from tests.cloud.functions import Project, curl, project
from tests.cloud.images import digest_of
from tests.cloud.storage_standin import Storage
from tests.packages import zipped

pytestmark = pytest.mark.docker


@pytest.fixture
def cloud(tmp_path: Path, firestore_host: str, shared_storage: Storage, bucket: str) -> Iterator[Project]:
    need_builders()
    with project(tmp_path, firestore_host, shared_storage.url, bucket) as cloud:
        yield cloud


def _example(name: str, folder: Path) -> Path:
    """A zip of examples/<name>."""
    files = sorted(path for path in (ROOT / "examples" / name).rglob("*") if path.is_file())
    zip_file = folder / f"{name}.zip"
    zip_file.write_bytes(zipped({str(path.relative_to(ROOT / "examples")): path.read_bytes() for path in files}))
    return zip_file


@pytest.mark.parametrize("name", ["hello", "iris"])
def test_an_example_goes_all_the_way(cloud: Project, tmp_path: Path, name: str) -> None:
    cloud.tell()
    zip_file = _example(name, tmp_path)
    sent = cloud.upload(zip_file, "-H", "Prefer: respond-async")
    assert sent.status == 202, sent.body
    package_id = sent.json()["ID"]

    package = cloud.ended(package_id)
    assert package["Status"] == "ready", package
    assert package["SHA256"] == hashlib.sha256(zip_file.read_bytes()).hexdigest()
    assert package["Test"]["Passed"] is True
    (artifact,) = package["Artifacts"]
    assert artifact["URI"].startswith(f"{REGISTRY}/cloud/{package['Name']}:")
    assert artifact["Digest"] == digest_of(artifact["URI"])

    assert [one["ID"] for one in cloud.listed()] == [package_id]
    assert curl(f"{cloud.url('download')}/{package_id}.zip").body == zip_file.read_bytes()
    assert b"PUSH" in curl(f"{cloud.url('download')}/{package_id}/log").body

    assert curl("-X", "DELETE", f"{cloud.url('delete_package')}/{package_id}").status == 204
    assert curl(f"{cloud.url('get')}/{package_id}").status == 404
    assert cloud.listed() == []
    assert cloud.kept() == set()
