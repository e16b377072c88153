"""One request to a model's own HTTP/1.1 server, and its answer, both streamed; neither is ever held as a whole.

The other side is a stranger's: it may answer early, late, wrongly, without end, or not at all.
"""

from __future__ import annotations

import errno
import select
import ssl
import time
from collections.abc import Callable, Iterator
from http.client import HTTPException, HTTPResponse
from typing import Any, Protocol

from modelserver.errors import NoAnswer
from modelserver.ports import Call, Reply

_PIECE = 64 * 1024
_MOST_INTERIM = 10
_GLANCE = 0.25  # seconds between looks at whether somebody still waits for the answer
_BROKEN = "The model's server closed the connection without an answer."


class Wire(Protocol):
    """A connection to such a server: a socket, or what is used as one."""

    def fileno(self) -> int: ...

    def send(self, data: memoryview, /) -> int: ...

    def makefile(self, mode: Any, /) -> Any: ...

    def settimeout(self, seconds: float, /) -> None: ...

    def close(self) -> None: ...


class Patience:
    """How long may be waited for the model in one exchange, all waits together. seconds: that."""

    def __init__(self, seconds: float) -> None:
        self._left = seconds

    def spend(self, seconds: float) -> None:
        self._left -= seconds

    def left(self) -> float:
        """Raises TimeoutError when it is over."""
        if self._left <= 0:
            raise TimeoutError
        return self._left


def is_quiet(wire: Wire) -> bool:
    """Whether nothing has come, not even the end: a connection at rest that can be used again."""
    poll = select.poll()
    poll.register(wire.fileno(), select.POLLIN)
    return not poll.poll(0)


def exchange(wire: Wire, host: str, call: Call, seconds: float, done: Callable[[bool], None], token: str = "") -> Reply:
    """Sends the call to `/infer`; the reply as soon as its head is here.

    seconds: for all waits together. done: called once, at the end, with whether the wire can be used again.
    token: for Authorization, if any. Raises NoAnswer, and whatever the call's body raises.
    """
    patience = Patience(seconds)
    try:
        whole = _Sending(wire, patience).send(_head(host, call, token), call)
        _await_word(wire, patience, call)
        response = _begun(wire, patience)
    except TimeoutError:
        done(False)
        raise NoAnswer(f"The model did not answer within {seconds:.0f} s.") from None
    except (HTTPException, OSError):
        done(False)
        raise NoAnswer(_BROKEN) from None
    except BaseException:
        done(False)
        raise
    answer = _Answer(wire, response, patience, whole, done)
    headers = {name.lower(): value for name, value in response.getheaders()}
    return Reply(response.status, headers, answer.body(), answer.close)


def _head(host: str, call: Call, token: str) -> bytes:
    lines = ["POST /infer HTTP/1.1", f"Host: {host}"]
    lines.append("Transfer-Encoding: chunked" if call.size is None else f"Content-Length: {call.size}")
    further = {"Content-Type": call.kind, "Accept": call.accept, "Authorization": token and f"Bearer {token}"}
    lines += [f"{name}: {_line(value)}" for name, value in further.items() if value]
    return "\r\n".join([*lines, "", ""]).encode("latin-1", "replace")


def _line(value: str) -> str:
    """In one line, whatever a client sent."""
    return "".join(character for character in value if character >= " " and character != "\x7f")


class _Sending:
    """The way there, which ends early if the other side answers before it has heard everything."""

    def __init__(self, wire: Wire, patience: Patience) -> None:
        self._wire = wire
        self._patience = patience
        self._poll = select.poll()
        self._poll.register(wire.fileno(), select.POLLIN | select.POLLOUT)
        # With TLS what can be read may be no answer yet, but a ticket for the next session.
        self._answers = 0 if isinstance(wire, ssl.SSLSocket) else select.POLLIN | select.POLLHUP

    def send(self, head: bytes, call: Call) -> bool:
        """Whether all of it was sent."""
        if not self._all(head):
            return False
        chunked = call.size is None
        for chunk in call.body:
            if not self._all(b"%x\r\n%b\r\n" % (len(chunk), chunk) if chunked else chunk):
                return False
        return self._all(b"0\r\n\r\n") if chunked else True

    def _all(self, data: bytes) -> bool:
        view = memoryview(data)
        while view:
            began = time.monotonic()
            events = self._poll.poll(self._patience.left() * 1000)
            self._patience.spend(time.monotonic() - began)
            if not events or events[0][1] & self._answers:
                return False
            try:
                view = view[self._wire.send(view[:_PIECE]) :]
            except (BrokenPipeError, ConnectionResetError):
                return False  # why, it may have said before
        return True


def _begun(wire: Wire, patience: Patience) -> HTTPResponse:
    response = _Head(wire, method="POST")  # type: ignore[arg-type]  # it needs makefile alone
    try:
        _waiting(wire, patience, response.begin)
    except BaseException:
        response.close()
        raise
    return response


class _Head(HTTPResponse):
    """http.client passes over any number of interim answers (100 Continue); here they end."""

    _interim = 0

    def _read_status(self) -> tuple[str, int, str]:
        self._interim += 1
        if self._interim > _MOST_INTERIM:
            raise HTTPException("the answer has no end of interim answers")
        status: tuple[str, int, str] = super()._read_status()  # type: ignore[misc]
        return status


class _Answer:
    """The way back."""

    def __init__(
        self, wire: Wire, response: HTTPResponse, patience: Patience, whole: bool, done: Callable[[bool], None]
    ) -> None:
        self._wire = wire
        self._response = response
        self._patience = patience
        self._done: Callable[[bool], None] | None = done
        self._reusable = whole and not response.will_close
        self._is_read = False

    def body(self) -> Iterator[bytes]:
        """Raises ConnectionResetError when the answer breaks off."""
        try:
            while piece := _waiting(self._wire, self._patience, lambda: self._response.read1(_PIECE)):
                yield piece
        except (HTTPException, OSError, ValueError):
            raise _broken_off() from None
        if self._response.length:
            raise _broken_off()
        self._is_read = True

    def close(self) -> None:
        """Once is enough."""
        done, self._done = self._done, None
        if done:
            self._response.close()
            done(self._reusable and self._is_read)


def _waiting(wire: Wire, patience: Patience, work: Callable[[], Any]) -> Any:
    began = time.monotonic()
    wire.settimeout(patience.left())
    try:
        return work()
    finally:
        patience.spend(time.monotonic() - began)


def _await_word(wire: Wire, patience: Patience, call: Call) -> None:
    """Until the model has begun to answer. Raises NoAnswer if whoever asked leaves before: the run is given up."""
    poll = select.poll()
    poll.register(wire.fileno(), select.POLLIN)
    while not poll.poll(min(patience.left(), _GLANCE) * 1000):
        patience.spend(_GLANCE)
        if call.is_left():
            raise NoAnswer("Whoever asked has left.")


def _broken_off() -> ConnectionResetError:
    """A kind that servers know: they break off their own answer, without a traceback."""
    return ConnectionResetError(errno.ECONNRESET, "the model's answer broke off")
