"""A disk that fills up loses nothing and says so."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.local.conftest import Start
from tests.packages import model, zipped

_ROOM = 8 * 1024**2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """The server's data folder on a file system of 8 MiB."""
    if os.geteuid() != 0:
        pytest.skip("only root may mount a small file system")
    folder = tmp_path / "data"
    folder.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={_ROOM}", "modelserver-test", folder], check=True)
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def test_an_upload_that_has_no_room_is_507_and_leaves_nothing(small_disk: Path, start: Start) -> None:
    server = start("--engine", "process")
    large = zipped({**model(), "weights.bin": os.urandom(_ROOM + 1024)})
    for _ in range(3):
        answer = server.upload(large)
        assert (answer.status_code, answer.json()["code"]) == (507, "NO_SPACE")
    assert server.get("/v1/packages/?status=any").json() == []
    assert list((small_disk / "staging").iterdir()) == []
    assert list((small_disk / "packages").iterdir()) == []


def test_a_session_that_has_no_room_is_507(small_disk: Path, start: Start) -> None:
    server = start("--engine", "process")
    size = 2 * _ROOM
    begun = requests.post(f"{server.address}/v1/packages/uploads", json={"Size": size}, timeout=30).json()
    answer = requests.put(begun["Location"], data=os.urandom(size), timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (507, "NO_SPACE")


def test_a_build_that_has_no_room_ends_and_the_server_goes_on(small_disk: Path, start: Start) -> None:
    """Whatever of it could be written: it ends, may be deleted, and works once there is room."""
    server = start("--engine", "process")
    filler = small_disk / "filler"
    data = zipped(model())
    filler.write_bytes(b"x" * (_ROOM - 300_000))
    answer = server.upload(data)
    assert answer.status_code in (422, 507), answer.text
    assert answer.json()["code"] in ("BUILD_FAILED", "NO_SPACE", "INTERNAL")
    assert server.get("/v1/health").status_code == 200
    filler.unlink()
    for package in server.get("/v1/packages/?status=any").json():
        assert package["Status"] == "failed"
        assert server.delete(f"/v1/packages/{package['ID']}").status_code == 204
    assert server.get("/v1/packages/?status=any").json() == []
