"""Uploads and builds watched over real sockets: what is told while the body is on its way, and whoever leaves."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.local.conftest import Server, Start
from tests.packages import SLEEPING, model, zipped

_LARGE = zipped({**model(), "weights": bytes(range(256)) * 40_000})
_SOON = 30.0


@contextmanager
def _sending(server: Server, rest: str) -> Iterator[socket.socket]:
    """A watched upload whose head is sent."""
    with socket.create_connection(("127.0.0.1", int(server.address.rpartition(":")[2])), _SOON) as connection:
        connection.sendall(
            "POST /v1/packages/upload HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
            f"Content-Type: application/zip\r\nAccept: application/x-ndjson\r\n{rest}\r\n\r\n".encode()
        )
        yield connection


def _read_until(connection: socket.socket, text: str) -> str:
    seen = b""
    while text.encode() not in seen:
        more = connection.recv(65536)
        assert more, seen
        seen += more
    return seen.decode()


def _await(good: Callable[[], bool]) -> None:
    until = time.monotonic() + _SOON
    while not good():
        assert time.monotonic() < until
        time.sleep(0.05)


def _staged(tmp_path: Path) -> list[Path]:
    return list((tmp_path / "data" / "staging").iterdir())


def _events(answer: requests.Response) -> Iterator[tuple[str, Any]]:
    for line in answer.iter_lines():
        if line:
            event = json.loads(line)
            yield event["Event"], event["Data"]


def test_it_is_told_what_has_come_before_all_has_come(start: Start) -> None:
    server = start("--engine", "process")
    with _sending(server, f"Content-Length: {len(_LARGE)}") as connection:
        assert '"receive", "Seconds": null' in _read_until(connection, "receive")
        connection.sendall(_LARGE)
        seen = _read_until(connection, '"Event": "package"')
    assert '"Event": "accepted"' in seen


@pytest.mark.parametrize(
    "rest",
    ["Content-Length: 100000\r\n\r\nPK", "Transfer-Encoding: chunked\r\n\r\n100\r\nPK"],
    ids=["length", "chunks"],
)
def test_a_body_that_breaks_off_is_the_last_event_and_leaves_nothing(start: Start, tmp_path: Path, rest: str) -> None:
    server = start("--engine", "process")
    with _sending(server, rest) as connection:
        connection.shutdown(socket.SHUT_WR)
        assert '"BAD_REQUEST"' in _read_until(connection, "problem")
    assert _staged(tmp_path) == []
    assert server.get("/v1/packages/?status=any").json() == []


def test_whoever_leaves_in_the_middle_leaves_nothing(start: Start, tmp_path: Path) -> None:
    server = start("--engine", "process")
    with _sending(server, "Content-Length: 50000000") as connection:
        connection.sendall(bytes(4_000_000))
        _read_until(connection, "progress")
        assert _staged(tmp_path) != []
    _await(lambda: _staged(tmp_path) == [])
    assert server.get("/v1/packages/?status=any").json() == []
    assert "Traceback" not in (tmp_path / "server.log").read_text()


def test_whoever_follows_a_build_that_is_deleted_is_told(start: Start) -> None:
    server = start("--engine", "process")
    package = server.upload(zipped(model(SLEEPING)), "respond-async").json()
    address = f"{server.address}/v1/packages/{package['ID']}/log?follow=1"
    with requests.get(address, headers={"Accept": "application/x-ndjson"}, stream=True, timeout=60) as answer:
        events = _events(answer)
        while next(events) != ("stage", {"Name": "test process-cpu", "Seconds": None}):
            pass
        assert server.delete(f"/v1/packages/{package['ID']}").status_code == 204
        *_, last = events
    assert (last[0], last[1]["code"]) == ("problem", "PACKAGE_NOT_FOUND")


def test_a_server_that_ends_lets_its_followers_go(start: Start) -> None:
    server = start("--engine", "process")
    package = server.upload(zipped(model(SLEEPING)), "respond-async").json()
    address = f"{server.address}/v1/packages/{package['ID']}/log?follow=1"
    with requests.get(address, headers={"Accept": "text/event-stream"}, stream=True, timeout=60) as answer:
        next(answer.iter_lines())
        assert server.stop() == 0
