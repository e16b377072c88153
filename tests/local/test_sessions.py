"""Two writers of one session, over real sockets."""

from __future__ import annotations

import socket
import time
from urllib.parse import urlsplit

import requests

from tests.local.conftest import Start
from tests.packages import model, zipped


def test_what_was_checked_can_no_longer_be_changed(start: Start) -> None:
    """A second writer that came early and writes late: until it is gone, nothing is taken in."""
    server = start("--engine", "process")
    data = zipped(model())
    begun = requests.post(f"{server.address}/v1/packages/uploads", json={"Size": len(data)}, timeout=30).json()
    assert requests.put(begun["Location"], data=data, timeout=30).status_code == 201
    place = urlsplit(begun["Location"])
    with socket.create_connection((place.hostname, place.port)) as late:
        head = f"PUT {place.path} HTTP/1.1\r\nHost: {place.netloc}\r\nContent-Length: {len(data)}\r\n\r\n"
        late.sendall(head.encode())
        _await_writer(begun["Location"], len(data))
        assert _upload(server.address, begun["Upload"]) == (409, "CONFLICT")
        late.sendall(data[:-1] + b"x")
        assert late.recv(100).startswith(b"HTTP/1.1 201")
    assert _upload(server.address, begun["Upload"]) == (422, "INVALID_PACKAGE")
    assert server.get("/v1/packages/?status=any").json() == []


def _upload(address: str, name: str) -> tuple[int, str]:
    answer = requests.post(f"{address}/v1/packages/upload", json={"Upload": name}, timeout=60)
    return answer.status_code, str(answer.json()["code"])


def _await_writer(location: str, size: int) -> None:
    """Until the session is being written to: who only asks how far it is gets 409 then."""
    until = time.monotonic() + 20
    while requests.put(location, headers={"Content-Range": f"bytes */{size}"}, timeout=30).status_code != 409:
        assert time.monotonic() < until
