"""From curl to an image in a registry and back, through the functions as they are deployed."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud.engines import REGISTRY, ROOT, need_builders
from tests.cloud.functions import Project, curl, project
from tests.cloud.images import digest_of
from tests.cloud.storage_standin import Storage
from tests.packages import model, zipped

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
    assert artifact["URI"].startswith(f"{REGISTRY}/") and f"/{package['Name']}:" in artifact["URI"]
    assert artifact["Digest"] == digest_of(artifact["URI"])

    assert [one["ID"] for one in cloud.listed()] == [package_id]
    assert curl(f"{cloud.url('download')}/{package_id}.zip").body == zip_file.read_bytes()
    assert b"PUSH" in curl(f"{cloud.url('download')}/{package_id}/log").body

    assert curl("-X", "DELETE", f"{cloud.url('delete_package')}/{package_id}").status == 204
    assert curl(f"{cloud.url('get')}/{package_id}").status == 404
    assert cloud.listed() == []
    assert cloud.kept() == set()


def _send_with_a_cut(zip_file: Path, location: str) -> None:
    """As docs/how-to/google-cloud.md says: what is missing is asked for, and sent to its place."""
    size = zip_file.stat().st_size
    with subprocess.Popen(["curl", "--silent", "--limit-rate", "10M", "-T", zip_file, location]) as client:
        while _has_read(client.pid) < size // 4:
            time.sleep(0.05)
        client.kill()
    arrived = None
    while not arrived:  # the service notices the cut when it does
        asked = curl("-i", "-X", "PUT", location, "-H", f"Content-Range: bytes */{size}")
        assert asked.status == 308, asked
        arrived = re.search(rb"(?i)^range: bytes=0-(\d+)", asked.body, re.MULTILINE)
    first = int(arrived[1]) + 1
    assert 0 < first < size
    rest = zip_file.with_name("rest")
    rest.write_bytes(zip_file.read_bytes()[first:])
    assert curl("-T", rest, location, "-H", f"Content-Range: bytes {first}-{size - 1}/{size}").status == 200


def _has_read(process: int) -> int:
    """Bytes."""
    found = re.search(r"rchar: (\d+)", Path(f"/proc/{process}/io").read_text())
    return int(found[1]) if found else 0


def test_a_large_package_goes_by_the_other_door(cloud: Project, tmp_path: Path) -> None:
    """Too large for a function's request and answer: three steps in, a redirect out."""
    cloud.tell()
    zip_file = tmp_path / "large.zip"
    zip_file.write_bytes(zipped(model() | {"weights.bin": os.urandom(40_000_000)}))
    refused = cloud.upload(zip_file)
    assert refused.status == 413
    assert "POST /v1/packages/uploads" in refused.json()["detail"]

    door, as_json = cloud.url("upload"), ("-H", "Content-Type: application/json")
    begun = curl(f"{door}/uploads", *as_json, "-d", json.dumps({"Size": zip_file.stat().st_size})).json()
    assert curl(f"{door}/", *as_json, "-d", json.dumps({"Upload": begun["Upload"]})).status == 409
    _send_with_a_cut(zip_file, begun["Location"])
    sent = curl(f"{door}/", *as_json, "-d", json.dumps({"Upload": begun["Upload"]}))
    assert sent.status == 201, sent.body
    assert sent.json()["Status"] == "ready"
    assert curl(f"{door}/", *as_json, "-d", json.dumps({"Upload": begun["Upload"]})).status == 200

    address = f"{cloud.url('download')}/{sent.json()['ID']}.zip"
    assert curl(address).status == 307
    assert curl("-L", address).body == zip_file.read_bytes()
