"""HTTP itself: what a careful client may do, and what a careless or hostile one gets."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import pytest

from tests.runtime.client import BOUNDARY, Upload, multipart_body, read_all
from tests.runtime.guest import Guest, Server

INFER = """
    import jid
    class Model:
        def run(self, text: str = "t", file: jid.Path = None) -> str:
            return text + (file.read_bytes().decode() if file else "")
"""

TYPE = b"Content-Type: application/json\r\n"
FIRST = b"--" + BOUNDARY.encode()
BODY = b'{"text": "x"}'
POST = b"POST /infer HTTP/1.1\r\nHost: x\r\n" + TYPE


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Guest(tmp_path_factory.mktemp("http"), sys.executable, INFER).serving() as running:
        running.until("ready")
        yield running


def test_a_connection_is_kept_and_requests_may_be_sent_ahead(server: Server) -> None:
    one = POST + b"Content-Length: 13\r\n\r\n" + BODY
    last = b"GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    received = server.raw(one * 20 + last)
    assert received.count(b"HTTP/1.1 200 OK") == 21
    assert received.endswith(b"PONG")


def test_a_request_may_arrive_byte_by_byte(server: Server) -> None:
    with server.connected() as connection:
        for byte in POST + b"Connection: close\r\nContent-Length: 13\r\n\r\n" + BODY:
            connection.sendall(bytes([byte]))
        assert read_all(connection).endswith(b"\r\n\r\nx")


def test_a_multipart_body_may_arrive_byte_by_byte(server: Server) -> None:
    body = multipart_body(("text", "a\r\n--b"), ("file", Upload("f.txt", b"\r\n--" + BOUNDARY.encode()[:-1] + b"\r\n")))
    head = f"POST /infer HTTP/1.1\r\nHost: x\r\nContent-Type: multipart/form-data; boundary={BOUNDARY}\r\n"
    with server.connected() as connection:
        for byte in f"{head}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body:
            connection.sendall(bytes([byte]))
        assert read_all(connection).endswith(b"\r\n\r\na\r\n--b\r\n--" + BOUNDARY.encode()[:-1] + b"\r\n")


def test_a_chunked_body(server: Server) -> None:
    chunks = b"5\r\n" + BODY[:5] + b"\r\n8;note=1\r\n" + BODY[5:] + b"\r\n0\r\nTrailer: 1\r\n\r\n"
    received = server.raw(POST + b"Connection: close\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks)
    assert received.endswith(b"\r\n\r\nx")


def test_expect_continue(server: Server) -> None:
    with server.connected() as connection:
        connection.sendall(POST + b"Connection: close\r\nExpect: 100-continue\r\nContent-Length: 13\r\n\r\n")
        assert connection.recv(1000) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(BODY)
        assert read_all(connection).endswith(b"\r\n\r\nx")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"hello\r\n\r\n", 400),
        (b"GET /ping HTTP/1.1\r\n\r\n", 400),
        (b"GET  /ping HTTP/1.1\r\nHost: x\r\n\r\n", 400),
        (b"GET /ping HTTP/2.0\r\nHost: x\r\n\r\n", 505),
        (b"GET /ping HTTP/1.1\r\nHost: x\r\n folded: y\r\n\r\n", 400),
        (b"GET /ping HTTP/1.1\r\nHost : x\r\n\r\n", 400),
        (b"GET /ping HTTP/1.1\r\nHost: x\x00\r\n\r\n", 400),
        (b"GET /ping HTTP/1.1\r\nHost: x\r\nA: " + b"a" * 40000 + b"\r\n\r\n", 431),
        (POST + b"Content-Length: -1\r\n\r\n", 400),
        (POST + b"Content-Length: 1_3\r\n\r\n" + BODY, 400),
        (POST + b"Content-Length: 13\r\nContent-Length: 14\r\n\r\n" + BODY, 400),
        (POST + b"Content-Length: 13\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
        (POST + b"Transfer-Encoding: gzip\r\n\r\n", 501),
        (POST + b"Content-Encoding: gzip\r\nContent-Length: 3\r\n\r\nabc", 415),
        (POST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", 400),
        (POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"1" * 2000, 400),
        (POST + b"Content-Length: 99999999999\r\n\r\n", 413),
        (POST.replace(b"application/json", b"multipart/form-data") + b"Content-Length: 3\r\n\r\nabc", 400),
    ],
)
def test_what_is_malformed_is_refused_at_once(server: Server, request_: bytes, status: int) -> None:
    received = server.raw(request_)
    assert received.startswith(b"HTTP/1.1 %d " % status)
    assert b"application/problem+json" in received
    assert received.count(b"Content-Length: ") == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"no boundary at all",
        b"--" + BOUNDARY.encode() + b'\r\nContent-Disposition: form-data; name="text"\r\n\r\ncut off',
        b"--"
        + BOUNDARY.encode()
        + b"\r\nContent-Disposition: form-data\r\n\r\nx\r\n--"
        + BOUNDARY.encode()
        + b"--\r\n",
        b"--" + BOUNDARY.encode() + b"\r\n" + b"A: b\r\n" * 3000,
    ],
)
def test_a_malformed_multipart_body(server: Server, body: bytes) -> None:
    answer = server.send("POST", "/infer", body, {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"})
    assert (answer.status, answer.json()["code"]) == (400, "BAD_REQUEST")


def test_after_all_that_it_still_answers(server: Server) -> None:
    assert server.infer(text="still here").text == "still here"
