"""What comes over the wire to a real server: every answer guarded, nothing put into a header or the log, no way out."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.local.conftest import Server, serving
from tests.packages import model, zipped

GUARDS = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}
PAGES = "/v1/packages/"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the server keeps its data and its log."""
    return tmp_path_factory.mktemp("doors")


@pytest.fixture(scope="module")
def server(folder: Path) -> Iterator[Server]:
    with serving(folder, "--engine", "process") as server:
        yield server
        assert server.get("/v1/health").status_code == 200


def ask(server: Server, line: bytes, *headers: bytes) -> tuple[int, Message, bytes]:
    """Status, headers and body of the answer to a request written byte by byte."""
    to = urlsplit(server.address)
    names = () if any(each.startswith(b"Host:") for each in headers) else (b"Host: localhost",)
    with socket.create_connection((str(to.hostname), to.port or 0), timeout=20) as wire:
        wire.sendall(b"\r\n".join([line, *names, b"Connection: close", *headers]) + b"\r\n\r\n")
        wire.shutdown(socket.SHUT_WR)
        data = b"".join(iter(lambda: wire.recv(65536), b""))
    head, _, rest = data.partition(b"\r\n\r\n")
    status, _, fields = head.partition(b"\r\n")
    return int(status.split()[1]), BytesParser().parsebytes(fields + b"\r\n\r\n"), rest


def _is_guarded(headers: Message) -> bool:
    return all(headers.get_all(name) == [value] for name, value in GUARDS.items())


MALFORMED = {
    "a control character": (b"GET /\x1b[31m HTTP/1.1",),
    "a bare line feed": (b"GET /\nX: y HTTP/1.1",),
    "no version": (b"GET /",),
    "another protocol": (b"GET / HTTP/9.9",),
    "nothing of HTTP": (b"\x16\x03\x01\x02",),
    "a header without a name": (b"GET / HTTP/1.1", b": x"),
    "a space in a header's name": (b"GET / HTTP/1.1", b"Bad Header: x"),
    "a folded header": (b"GET / HTTP/1.1", b"A: b\r\n c"),
    "a NUL in a header": (b"GET / HTTP/1.1", b"A: b\0c"),
    "two lengths": (b"POST /v1/packages/check HTTP/1.1", b"Content-Length: 1", b"Content-Length: 2"),
    "a negative length": (b"POST /v1/packages/check HTTP/1.1", b"Content-Length: -1"),
    "a length and chunks": (b"POST /v1/packages/check HTTP/1.1", b"Content-Length: 1", b"Transfer-Encoding: chunked"),
    "an unknown coding": (b"POST /v1/packages/check HTTP/1.1", b"Transfer-Encoding: gzip, identity"),
    "a long first line": (b"GET /" + b"a" * 5000 + b" HTTP/1.1",),
    "long headers": (b"GET / HTTP/1.1", b"A: " + b"a" * 70_000),
    "many headers": (b"GET / HTTP/1.1", *[b"A: b"] * 200),
}


@pytest.mark.parametrize("request_", MALFORMED.values(), ids=MALFORMED)
def test_what_is_no_request_is_a_problem_like_any_other(server: Server, request_: tuple[bytes, ...]) -> None:
    status, headers, body = ask(server, *request_)
    assert (status, headers.get_content_type()) == (400, "application/problem+json")
    assert b'"BAD_REQUEST"' in body
    assert _is_guarded(headers)


@pytest.mark.parametrize(
    "line",
    [
        b"GET /v1/health",
        b"GET /v1/packages/",
        b"GET /v1/packages/?status=any",
        b"GET /nowhere",
        b"PUT /v1/packages/",
        b"POST /v1/packages/check",
        b"OPTIONS *",
        b"TRACE /",
        b"PUT /v1/packages/uploads/" + b"0" * 32,
    ],
)
def test_every_answer_is_guarded(server: Server, line: bytes) -> None:
    _, headers, _ = ask(server, line + b" HTTP/1.1")
    assert _is_guarded(headers)


def test_what_a_package_holds_is_guarded_too(server: Server) -> None:
    package = server.upload(zipped(model())).json()
    for suffix in ("", ".zip", "/log"):
        _, headers, _ = ask(server, f"GET {PAGES}{package['ID']}{suffix} HTTP/1.1".encode())
        assert _is_guarded(headers), suffix


INJECTED = b"%0d%0aX-Injected:%20yes%0d%0a%0d%0a"


@pytest.mark.parametrize(
    "line",
    [
        b"GET /v1/packages/" + INJECTED,
        b"GET /v1/packages/" + b"0" * 40 + INJECTED,
        b"GET /v1/packages/" + b"0" * 40 + b".zip" + INJECTED,
        b"GET /v1/packages/?name=" + INJECTED,
        b"GET /v1/packages/?page_token=" + INJECTED,
        b"GET /v1/packages/?limit=1" + INJECTED,
        b"GET /" + INJECTED,
    ],
)
def test_no_address_puts_a_header_into_an_answer(server: Server, line: bytes) -> None:
    _, headers, _ = ask(server, line + b" HTTP/1.1")
    assert "X-Injected" not in headers
    assert _is_guarded(headers)


def test_no_header_puts_a_header_into_an_answer(server: Server) -> None:
    """Where an answer repeats what a request said: Prefer, Host."""
    for header in (b"Prefer: wait=1, x=\rX-Injected: yes", b'Prefer: respond-async; x="\\r\\nX-Injected: yes"'):
        _, headers, _ = ask(server, b"POST /v1/packages/upload HTTP/1.1", header)
        assert "X-Injected" not in headers


def test_the_next_page_is_named_by_what_was_asked_and_nothing_more(server: Server) -> None:
    for salt in ("one", "two"):
        server.upload(zipped(model(salt=salt)))
    _, headers, _ = ask(server, b"GET /v1/packages/?limit=1&a=%3E%0d%0aX-Injected:yes HTTP/1.1")
    assert headers["Link"].startswith("</v1/packages/?limit=1&a=%3E%0D%0AX-Injected%3Ayes&page_token=")
    assert "X-Injected" not in headers


@pytest.mark.parametrize("host", [b'evil"<x>', b"a b", b"a/b", b"a@b", b"", b"[::1"])
def test_a_host_that_is_none_is_no_part_of_a_location(server: Server, host: bytes) -> None:
    """Without a token such a name is refused before; the test with a token is in tests/http."""
    status, headers, _ = ask(server, b"POST /v1/packages/uploads HTTP/1.1", b"Host: " + host, b"Content-Length: 0")
    assert status in (400, 403)
    assert "Location" not in headers


WAYS_OUT = [
    "../../../../etc/passwd",
    "..%2f..%2f..%2f..%2fetc%2fpasswd",
    "%2e%2e/%2e%2e/etc/passwd",
    "..%252f..%252fetc%252fpasswd",
    "....//....//etc/passwd",
    "..\\..\\etc\\passwd",
    "%00/etc/passwd",
    "lock",
    "packages.sqlite",
    ".zip",
    "../data/packages.sqlite",
    "uploads/../../packages.sqlite",
    f"{'0' * 40}/../lock",
    f"{'0' * 40}.zip/../../lock",
    "%c0%ae%c0%ae/etc/passwd",
]


@pytest.mark.parametrize("way", WAYS_OUT)
@pytest.mark.parametrize("door", ["/", "/v1/packages/", "/v1/packages/uploads/", "/v1/", "/v1/packages/%2e%2e/"])
def test_no_address_leads_out_of_the_catalog(server: Server, door: str, way: str) -> None:
    for method in ("GET", "DELETE", "PUT"):
        status, _, body = ask(server, f"{method} {door}{way} HTTP/1.1".encode())
        assert status in (400, 404, 405), body
        assert b"root:" not in body and b"SQLite" not in body


@pytest.mark.parametrize("place", ["/", "/v1", "/v1/", "/v1/packages/uploads/", "/static/", "/.git/", "/local/"])
def test_no_folder_is_listed(server: Server, place: str) -> None:
    status, _, body = ask(server, f"GET {place} HTTP/1.1".encode())
    assert status in (302, 404, 405)  # `/` leads to the list of packages
    assert b"packages.sqlite" not in body and b"jid" not in body


def test_nothing_that_a_client_sends_begins_a_line_of_the_log(server: Server, folder: Path) -> None:
    forged = b"FORGED 127.0.0.1 logged in"
    for line in (
        b"GET /%0a" + forged.replace(b" ", b"%20") + b" HTTP/1.1",
        b"GET /\n" + forged,
        b"GET / HTTP/1.1\r\nA\r" + forged + b": x",
        b"GET / HTTP/1.1\r\n\x1b[2J" + forged + b": x",
        b"GET\n" + forged + b" / HTTP/1.1",
    ):
        ask(server, line)
    files = model() | {"jid.yaml": "name: a\nmodel: |\n  x\n  FORGED by a config\n"}
    server.upload(zipped(files))
    written = (folder / "server.log").read_bytes()
    assert not [line for line in written.splitlines() if line.startswith((b"FORGED", b"\x1b"))]
    assert b"\x1b" not in written


def test_clients_that_never_end_their_headers_do_not_keep_others_out(server: Server) -> None:
    """More of them than there are threads; each is let go after a while, and the next request is served."""
    to = urlsplit(server.address)
    slow = [socket.create_connection((str(to.hostname), to.port or 0), timeout=60) for _ in range(300)]
    try:
        for wire in slow:
            wire.sendall(b"GET /v1/health HT")
        assert server.get("/v1/health").status_code == 200
        assert slow[0].recv(100) == b""
    finally:
        for wire in slow:
            wire.close()
