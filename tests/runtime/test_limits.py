"""Clients that are slow, many, or send too much: the server stays up, and its memory bounded."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack

import pytest

from tests.runtime.client import BOUNDARY, Upload, multipart_body, read_all
from tests.runtime.guest import Guest, Server

Make = Callable[..., Guest]

ECHO = "import jid\nclass Model:\n  def run(self, text: str = '', file: jid.Path = None) -> int: return len(text)"
LIMITS = {"JID_MAX_BODY": "100k", "JID_MAX_UPLOAD": "1M", "JID_SILENCE": "0.5", "JID_CONNECTIONS": "20"}
POST = b"POST /infer HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Guest:
    return Guest(tmp_path_factory.mktemp("limits"), sys.executable, ECHO, environment=LIMITS)


@pytest.fixture(scope="module")
def server(package: Guest) -> Iterator[Server]:
    with package.serving() as running:
        running.until("ready")
        yield running


def test_a_body_in_memory_has_a_limit_that_is_named(server: Server) -> None:
    assert server.infer(text="x" * 90_000).json() == 90_000
    refused = server.infer(text="x" * 110_000)
    assert (refused.status, refused.json()["code"]) == (413, "TOO_LARGE")
    assert "JID_MAX_BODY" in refused.json()["detail"]


def test_a_chunked_body_has_the_same_limit(server: Server) -> None:
    chunk = b"8000\r\n" + b"x" * 0x8000 + b"\r\n"
    received = server.raw(POST + b"Transfer-Encoding: chunked\r\n\r\n" + chunk * 4)
    assert received.startswith(b"HTTP/1.1 413 ")


def test_an_upload_has_a_limit_and_leaves_nothing(server: Server, package: Guest) -> None:
    assert server.multipart(("file", Upload("a", b"x" * 900_000))).json() == 0
    body = multipart_body(("file", Upload("a", b"x" * 1_100_000)))
    head = f"POST /infer HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
    told = server.raw(head.encode() + b"Content-Length: %d\r\n\r\n" % len(body))
    assert told.startswith(b"HTTP/1.1 413 ")
    assert b"JID_MAX_UPLOAD" in told
    sent = body[:1_090_000]
    untold = server.raw(head.encode() + b"Transfer-Encoding: chunked\r\n\r\n%x\r\n" % len(body) + sent)
    assert untold.startswith(b"HTTP/1.1 413 ")
    assert package.clears_up([])


def test_fields_of_a_form_are_kept_in_memory_too(server: Server) -> None:
    assert server.multipart(("text", "x" * 110_000)).status == 413


def test_a_thousand_headers(server: Server) -> None:
    lines = b"".join(b"A%d: b\r\n" % n for n in range(1000))
    assert server.raw(b"GET /ping HTTP/1.1\r\nHost: x\r\n" + lines + b"\r\n").startswith(b"HTTP/1.1 431 ")


@pytest.mark.parametrize("start", [b"GET /pi", POST, POST + b"Content-Length: 13\r\n\r\n{"])
def test_who_does_not_go_on_is_told_and_let_go(server: Server, start: bytes) -> None:
    assert server.raw(start).startswith(b"HTTP/1.1 408 ")


def test_who_sends_a_byte_now_and_then_is_let_go_too(server: Server) -> None:
    with server.connected() as connection:
        connection.settimeout(0.05)
        connection.sendall(POST + b"Content-Length: 50000\r\n\r\n")
        received = b""
        while not received:
            try:
                received = connection.recv(1000)
            except TimeoutError:
                connection.sendall(b"x")
        assert received.startswith(b"HTTP/1.1 408 ")


def test_who_says_nothing_is_let_go(server: Server) -> None:
    assert server.raw(b"") == b""


def test_who_does_not_read_is_let_go(guest: Make) -> None:
    infer = "class Model:\n  def run(self) -> str: return 'x' * 20_000_000"
    with guest(infer, environment={"JID_SILENCE": "0.5"}).serving() as server, server.connected() as connection:
        connection.sendall(b"POST /infer HTTP/1.1\r\nHost: x\r\n\r\n")
        server.metric("jid_run_seconds_count", 1)
        server.metric("jid_connections", 1)  # its own
        assert len(read_all(connection)) < 20_000_000


def test_so_many_clients_and_no_more(server: Server) -> None:
    with ExitStack() as held:
        connections = [held.enter_context(server.connected()) for _ in range(25)]
        told = [connection.recv(1000) for connection in connections[20:]]
        assert all(one.startswith(b"HTTP/1.1 429 ") for one in told)
        connections[0].sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
        assert b"PONG" in connections[0].recv(1000)
    assert server.until("ready") == {"Status": "ready"}


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("JID_QUEUE", "-1", "a whole number"),
        ("JID_QUEUE", "\u0663", "a whole number"),
        ("JID_MAX_BODY", "64X", "a size"),
        ("JID_MAX_BODY", "0", "a size"),
        ("JID_TIMEOUT", "nan", "a number of seconds"),
        ("JID_BATCH_WAIT", "-1", "a number of seconds"),
        ("JID_CONCURRENCY", "0", "above 0"),
        ("JID_WEBHOOKS", "ftp://x", "addresses of http"),
    ],
)
def test_a_setting_that_makes_no_sense_is_named(guest: Make, name: str, value: str, says: str) -> None:
    done = guest(ECHO, environment={name: value}).run("serve", "--host", "127.0.0.1", "--port", "0")
    assert done.returncode == 1
    assert done.stderr.startswith(f"CONFIG_INVALID: {name} must be")
    assert says in done.stderr
