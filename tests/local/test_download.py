"""Zips from the real server, which has the kernel send them."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from tests.local.conftest import Server, Start
from tests.packages import model, zipped

_WEIGHTS = bytes(range(256)) * 12_000 + os.urandom(1024**2)


@pytest.fixture
def data() -> bytes:
    return zipped(model() | {"weights.bin": _WEIGHTS})


@pytest.fixture
def server(start: Start) -> Server:
    return start("--engine", "process")


@pytest.fixture
def connection(server: Server) -> Iterator[HTTPConnection]:
    """One connection, so that an answer with too many or too few bytes spoils the next one."""
    connection = HTTPConnection(server.address.partition("://")[2], timeout=60)
    yield connection
    connection.close()


def test_every_part_is_the_very_bytes(server: Server, connection: HTTPConnection, data: bytes, tmp_path: Path) -> None:
    package = server.upload(data).json()
    address, end = f"/v1/packages/{package['ID']}.zip", len(data)
    parts = [
        (0, end),
        (0, 1),
        (1, 2),
        (end - 1, end),
        (end // 2, end),
        (1, end - 1),
        (0, 1024**2),
        (1024**2, 1024**2 + 5),
    ]
    for start, stop in parts:
        connection.request("GET", address, headers={"Range": f"bytes={start}-{stop - 1}"})
        answer = connection.getresponse()
        assert answer.read() == data[start:stop], (start, stop)
        assert (answer.status, answer.headers["Content-Length"]) == (
            200 if stop - start == end else 206,
            str(stop - start),
        )
    connection.request("GET", address)
    answer = connection.getresponse()
    assert hashlib.sha256(answer.read()).hexdigest() == package["SHA256"]
    assert not _open_zips(tmp_path)


def test_an_answer_without_a_body_has_none(
    server: Server, connection: HTTPConnection, data: bytes, tmp_path: Path
) -> None:
    package = server.upload(data).json()
    address = f"/v1/packages/{package['ID']}.zip"
    for method, headers, status in (
        ("HEAD", {}, 200),
        ("GET", {"If-None-Match": f'"{package["SHA256"]}"'}, 304),
        ("HEAD", {"Range": "bytes=0-9"}, 206),
    ):
        connection.request(method, address, headers=headers)
        answer = connection.getresponse()
        assert (answer.status, answer.read()) == (status, b"")
    connection.request("GET", f"/v1/packages/{package['ID']}")
    assert connection.getresponse().status == 200
    assert not _open_zips(tmp_path)


def test_who_hangs_up_or_is_overtaken_by_a_deletion_leaves_no_file_open(
    server: Server, connection: HTTPConnection, data: bytes, tmp_path: Path
) -> None:
    package = server.upload(data).json()
    address = f"/v1/packages/{package['ID']}.zip"
    connection.request("GET", address)
    answer = connection.getresponse()
    begun = answer.read(10)
    assert server.delete(f"/v1/packages/{package['ID']}").status_code == 204
    assert begun + answer.read() == data
    connection.close()
    server.upload(data)
    connection.request("GET", address)
    connection.getresponse().read(10)
    connection.close()
    for _ in range(100):
        if not _open_zips(tmp_path):
            return
        server.get("/v1/health")
    assert not _open_zips(tmp_path)


def _open_zips(folder: Path) -> list[str]:
    """Zips of this data folder that some process has open; deleted ones too."""
    found = []
    for descriptor in Path("/proc").glob("[0-9]*/fd/*"):
        try:
            target = str(descriptor.readlink())
        except OSError:
            continue
        if target.startswith(str(folder)) and ".zip" in target:
            found.append(target)
    return found
