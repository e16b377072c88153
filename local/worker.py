"""gunicorn's worker, whose own refusals look like the server's: requests that never reach the application."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import Any

from gunicorn.http.errors import (  # type: ignore[attr-defined]
    InvalidResponseHeader,
    InvalidResponseHeaderName,
    LimitRequestHeaders,
    LimitRequestLine,
    ParseException,
)
from gunicorn.workers.gthread import ThreadWorker

from modelserver.app import problem_answered
from modelserver.errors import BadRequest, Problem

_OURS = (InvalidResponseHeader, InvalidResponseHeaderName)  # what an application wanted to send
_TOO_LONG = "The request's first line or its headers are too long."
_MALFORMED = "This is no HTTP/1.1 request that can be read with certainty."


class Worker(ThreadWorker):
    def handle_error(self, req: Any, client: socket.socket, addr: Any, exc: BaseException) -> None:
        """Answers what went wrong before or beside the application, and closes the connection."""
        if isinstance(exc, ParseException) and not isinstance(exc, _OURS):
            self.log.warning("Invalid request from %s: %r", addr[0] if addr else "a socket", str(exc)[:200])
            too_long = isinstance(exc, (LimitRequestLine, LimitRequestHeaders))
            problem: Problem = BadRequest(_TOO_LONG if too_long else _MALFORMED)
        else:
            self.log.error("A connection broke", exc_info=exc)
            problem = Problem()
        with suppress(OSError):
            client.sendall(_written(problem))


def _written(problem: Problem) -> bytes:
    """The problem as the bytes of an HTTP answer."""
    answer = problem_answered(problem)
    answer.headers["Connection"] = "close"
    body = answer.get_data()
    head = "".join(f"{name}: {value}\r\n" for name, value in answer.headers)
    return f"HTTP/1.1 {answer.status}\r\n{head}\r\n".encode("latin-1") + body
