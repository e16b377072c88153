"""One exchange with a model's server that keeps to nothing: it never hangs, never holds all of it, and says why."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from itertools import repeat

import pytest

from modelserver.errors import BadRequest, NoAnswer
from modelserver.exchange import exchange, is_quiet
from modelserver.ports import Call, Reply

_MIB = 1024**2
_OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"

Server = Callable[[socket.socket], object]


class Ways:
    """What became of the connections. ended: of each, whether it could be used again."""

    def __init__(self) -> None:
        self.ended: list[bool] = []
        self.wire: socket.socket = None  # type: ignore[assignment]  # before the first exchange

    def ask(self, server: Server, call: Call | None = None, seconds: float = 20.0) -> Reply:
        self.wire, other = socket.socketpair()

        def serve() -> None:
            with other:
                try:
                    server(other)
                except OSError:
                    return

        threading.Thread(target=serve, daemon=True).start()
        return exchange(self.wire, "model", call or Call(iter([b"{}"]), 2), seconds, self.ended.append)


@pytest.fixture
def ways() -> Iterator[Ways]:
    ways = Ways()
    yield ways
    ways.wire.close()


def _head_of(caller: socket.socket) -> bytes:
    seen = b""
    while b"\r\n\r\n" not in seen:
        seen += caller.recv(1)
    return seen


def _answering(data: bytes) -> Server:
    def serve(caller: socket.socket) -> None:
        _head_of(caller)
        caller.sendall(data)

    return serve


def test_an_answer_that_is_whole_leaves_the_connection_to_the_next(ways: Ways) -> None:
    release = threading.Event()

    def serve(caller: socket.socket) -> None:
        _head_of(caller)
        caller.recv(2)
        caller.sendall(_OK)
        release.wait(20)

    reply = ways.ask(serve)
    assert (reply.status, reply.headers["content-type"], b"".join(reply.body)) == (200, "text/plain", b"ok")
    reply.close()
    reply.close()
    assert ways.ended == [True]
    assert is_quiet(ways.wire)
    release.set()


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 abc OK\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 1000,
        b"HTTP/1.1 200 OK\r\nname: " + b"x" * 100_000,
        b"SSH-2.0-OpenSSH\r\n",
        b"\x00" * 70_000,
    ],
    ids=["nothing", "nonsense", "no status", "many headers", "a long header", "another protocol", "zeros"],
)
def test_what_is_no_answer_is_said_to_be_none(ways: Ways, said: bytes) -> None:
    with pytest.raises(NoAnswer):
        ways.ask(_answering(said))
    assert ways.ended == [False]


def test_endless_interim_answers_are_none(ways: Ways) -> None:
    def serve(caller: socket.socket) -> None:
        for interim in repeat(b"HTTP/1.1 100 Continue\r\n\r\n" * 1000):
            caller.sendall(interim)

    with pytest.raises(NoAnswer):
        ways.ask(serve, seconds=2)


def test_whoever_never_answers_is_left(ways: Ways) -> None:
    release = threading.Event()
    with pytest.raises(NoAnswer, match="within"):
        ways.ask(lambda caller: release.wait(20), seconds=0.2)
    release.set()
    assert ways.ended == [False]


@pytest.mark.parametrize(
    "body",
    [
        b"Content-Length: 100\r\n\r\nshort",
        b"Transfer-Encoding: chunked\r\n\r\n5\r\nshort",
        b"Transfer-Encoding: chunked\r\n\r\n100\r\nshort",
        b"Transfer-Encoding: chunked\r\n\r\nxyz\r\nshort",
    ],
)
def test_an_answer_that_breaks_off_breaks_off(ways: Ways, body: bytes) -> None:
    reply = ways.ask(_answering(b"HTTP/1.1 200 OK\r\n" + body))
    with pytest.raises(ConnectionResetError):
        for _ in reply.body:
            pass
    reply.close()
    assert ways.ended == [False]


def test_an_answer_that_comes_before_the_body_has_gone_is_the_answer(ways: Ways) -> None:
    """As when it is too large: the rest of the body is not sent, however long it is."""
    taken: list[int] = []

    def body() -> Iterator[bytes]:
        for number in range(100_000):
            taken.append(number)
            yield bytes(_MIB)

    refusal = b"HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\nConnection: close\r\n\r\nno!"
    reply = ways.ask(_answering(refusal), Call(body(), None, "application/json"))
    assert (reply.status, b"".join(reply.body)) == (413, b"no!")
    reply.close()
    assert len(taken) < 100
    assert ways.ended == [False]


def test_a_refusal_is_heard_from_whoever_then_hangs_up(ways: Ways) -> None:
    def serve(caller: socket.socket) -> None:
        caller.sendall(b"HTTP/1.1 429 Busy\r\nContent-Length: 0\r\n\r\n")
        caller.shutdown(socket.SHUT_RDWR)

    assert ways.ask(serve, Call(repeat(bytes(_MIB)), None)).status == 429


def test_a_body_that_breaks_off_is_its_senders_fault(ways: Ways) -> None:
    heard: list[bytes] = []

    def serve(caller: socket.socket) -> None:
        _head_of(caller)
        while data := caller.recv(65536):
            heard.append(data)

    def body() -> Iterator[bytes]:
        yield b"first"
        raise BadRequest("it broke off")

    with pytest.raises(BadRequest):
        ways.ask(serve, Call(body(), 100))
    assert ways.ended == [False]


def test_an_answer_without_end_is_taken_as_it_is_read(ways: Ways) -> None:
    sent: list[int] = []

    def serve(caller: socket.socket) -> None:
        _head_of(caller)
        caller.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            sent.append(caller.send(bytes(_MIB)))

    reply = ways.ask(serve)
    assert sum(len(next(reply.body)) for _ in range(10)) > 0
    reply.close()
    ways.wire.close()
    assert sum(sent) < 16 * _MIB, "no more than the sockets hold was taken from the other side"


def test_what_a_client_says_of_its_body_stays_in_its_line(ways: Ways) -> None:
    heads: list[bytes] = []

    def serve(caller: socket.socket) -> None:
        heads.append(_head_of(caller))
        caller.sendall(_OK)

    kind = "text/plain\r\nTransfer-Encoding: chunked\r\nX-Evil: \u96ea"
    ways.ask(serve, Call(iter(()), 0, kind, "a\r\n\r\nGET / HTTP/1.1")).close()
    (head,) = heads
    names = [line.partition(b":")[0] for line in head.split(b"\r\n")[1:] if line]
    assert names == [b"Host", b"Content-Length", b"Content-Type", b"Accept"]
