"""How many models are kept, which of them goes, and that none goes in the midst of a call."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import suppress

import pytest

import local.runner
from local.runner import LocalRunner, Warmth
from modelserver.errors import NoAnswer, NotReady, Unavailable
from modelserver.exchange import Wire
from modelserver.package import Package
from tests.packages import record
from tests.runners import json_call, whole

_SOON = 20.0


class Scripted:
    """Started: answers each request with the package's number once `go` is set."""

    def __init__(self, package: Package) -> None:
        self.package = package
        self.go = threading.Event()
        self.go.set()
        self.asked = threading.Event()
        self.alive = True
        self.stops = 0
        self.wires = 0
        self._ends: list[socket.socket] = []

    def wire(self) -> Wire:
        if not self.alive:
            raise ConnectionRefusedError("nobody listens")
        self.wires += 1
        near, far = socket.socketpair()
        self._ends.append(far)
        threading.Thread(target=self._serve, args=(far,), daemon=True).start()
        return near

    def lives(self) -> bool:
        return self.alive

    def said(self) -> str:
        return "last words"

    def stop(self) -> None:
        self.stops += 1
        self.die()

    def die(self) -> None:
        self.alive = False
        for end in self._ends:
            with suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def _serve(self, far: socket.socket) -> None:
        with far, suppress(OSError):
            while _has_request(far):
                self.asked.set()
                self.go.wait(_SOON)
                body = str(int(self.package.id, 16)).encode()
                far.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%b" % (len(body), body))


def _has_request(far: socket.socket) -> bool:
    """Reads one, as json_call makes it; False at the end."""
    seen = b""
    while not seen.endswith(b"\r\n\r\n{}"):
        more = far.recv(65536)
        if not more:
            return False
        seen += more
    return True


class Scripter:
    """Starter of these. fails: what the next start raises."""

    name = "scripted"

    def __init__(self) -> None:
        self.started: list[Scripted] = []
        self.fails: Exception | None = None
        self.swept = 0

    def start(self, package: Package) -> Scripted:
        if self.fails:
            raise self.fails
        self.started.append(Scripted(package))
        return self.started[-1]

    def sweep(self) -> None:
        self.swept += 1

    def of(self, package: Package) -> Scripted:
        """The last one."""
        return [one for one in self.started if one.package is package][-1]

    def running(self) -> list[Package]:
        return [one.package for one in self.started if not one.stops]


Made = Callable[..., tuple[LocalRunner, Scripter]]


@pytest.fixture
def made() -> Iterator[Made]:
    runners: list[LocalRunner] = []

    def make(count: int = 2, idle: float = 1000.0) -> tuple[LocalRunner, Scripter]:
        starter = Scripter()
        runner = LocalRunner(starter, Warmth(count, idle, 30.0))
        runner.open()
        runners.append(runner)
        return runner, starter

    yield make
    for runner in runners:
        runner.close()


def _ask(runner: LocalRunner, package: Package) -> bytes:
    return whole(runner.infer(package, json_call()))


def _await(good: Callable[[], bool]) -> None:
    until = time.monotonic() + _SOON
    while not good():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_calls_one_after_another_share_a_model_and_a_connection(made: Made) -> None:
    runner, starter = made()
    assert starter.swept == 1
    assert [_ask(runner, record(7)) for _ in range(1)] == [b"7"]
    package = record(8)
    assert [_ask(runner, package) for _ in range(5)] == [b"8"] * 5
    assert starter.of(package).wires == 1


def test_many_first_calls_at_once_start_one_model(made: Made) -> None:
    runner, starter = made()
    package, seen = record(1), list[bytes]()
    threads = [threading.Thread(target=lambda: seen.append(_ask(runner, package))) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [b"1"] * 10
    assert len(starter.started) == 1


def test_the_least_recently_used_goes_first(made: Made) -> None:
    runner, starter = made(count=2)
    one, two, three = record(1), record(2), record(3)
    for package in (one, two, one, three):
        _ask(runner, package)
    assert starter.running() == [one, three]


def test_a_busy_one_never_goes(made: Made) -> None:
    runner, starter = made(count=2)
    busy, resting, new = record(1), record(2), record(3)
    _ask(runner, busy)
    starter.of(busy).go.clear()
    starter.of(busy).asked.clear()
    seen: list[bytes] = []
    call = threading.Thread(target=lambda: seen.append(_ask(runner, busy)))
    call.start()
    assert starter.of(busy).asked.wait(_SOON)
    _ask(runner, resting)
    _ask(runner, new)
    assert starter.running() == [busy, new]
    starter.of(busy).go.set()
    call.join()
    assert seen == [b"1"]


def test_where_all_are_busy_the_next_one_waits_and_is_refused_in_the_end(
    made: Made, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(local.runner, "PATIENCE", 0.1)
    runner, starter = made(count=1)
    busy = record(1)
    reply = runner.infer(busy, json_call())
    with pytest.raises(Unavailable, match="MODELSERVER_RUNNERS") as refused:
        runner.infer(record(2), json_call())
    assert refused.value.headers["Retry-After"]
    assert whole(reply) == b"1"
    assert _ask(runner, record(2)) == b"2"
    assert starter.running() == [starter.started[-1].package]


def test_who_waits_goes_on_as_soon_as_a_call_has_ended(made: Made) -> None:
    runner, _ = made(count=1)
    reply, seen = runner.infer(record(1), json_call()), list[bytes]()
    waiting = threading.Thread(target=lambda: seen.append(_ask(runner, record(2))))
    waiting.start()
    assert whole(reply) == b"1"
    waiting.join()
    assert seen == [b"2"]


def test_what_is_at_rest_for_long_is_stopped_and_started_again(made: Made) -> None:
    runner, starter = made(idle=0.2)
    package = record(1)
    _ask(runner, package)
    _await(lambda: starter.running() == [])
    assert _ask(runner, package) == b"1"
    assert len(starter.started) == 2


def test_what_is_busy_for_long_is_not(made: Made) -> None:
    runner, starter = made(idle=0.1)
    reply = runner.infer(record(1), json_call())
    time.sleep(0.5)
    assert starter.started[0].stops == 0
    assert whole(reply) == b"1"
    _await(lambda: starter.running() == [])


def test_one_that_dies_says_its_last_words_and_is_started_again(made: Made) -> None:
    runner, starter = made()
    package = record(1)
    _ask(runner, package)
    starter.of(package).go.clear()
    starter.of(package).asked.clear()
    failures: list[Exception] = []

    def ask() -> None:
        try:
            _ask(runner, package)
        except NoAnswer as problem:
            failures.append(problem)

    call = threading.Thread(target=ask)
    call.start()
    assert starter.of(package).asked.wait(_SOON)
    starter.of(package).die()
    call.join()
    assert "last words" in str(failures[0])
    assert _ask(runner, package) == b"1"
    assert len(starter.started) == 2
    assert starter.started[0].stops == 1, "what is left of it is cleared away"


def test_one_that_cannot_be_started_keeps_no_place(made: Made) -> None:
    runner, starter = made(count=1)
    starter.fails = NotReady("its image is gone")
    for _ in range(3):
        with pytest.raises(NotReady, match="its image is gone"):
            _ask(runner, record(1))
    starter.fails = OSError("no room")
    with pytest.raises(OSError, match="no room"):
        _ask(runner, record(1))
    starter.fails = None
    assert _ask(runner, record(2)) == b"2"


def test_an_end_of_the_server_ends_them_all(made: Made) -> None:
    runner, starter = made()
    _ask(runner, record(1))
    reply = runner.infer(record(2), json_call())
    runner.close()
    assert starter.running() == []
    reply.close()
    with pytest.raises(Unavailable):
        _ask(runner, record(1))
