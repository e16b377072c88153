"""gunicorn's worker, held to what the server promises where requests do not reach the application.

Its refusals look like the server's, and no client keeps a thread by sending slowly or not at all: there are 256, and
whoever has no token may open as many connections.
"""

from __future__ import annotations

import socket
import struct
import threading
import time
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
_HEADERS = 15.0  # seconds until the headers of a request are whole
_SILENCE = 60  # seconds that a body may stand still
_GLANCE = 1.0


class Worker(ThreadWorker):
    def run(self) -> None:
        self._reading: dict[Any, float] = {}
        threading.Thread(target=self._watch, name="slow clients", daemon=True).start()
        super().run()

    def handle(self, conn: Any) -> Any:
        """One request of a connection, from its first byte on."""
        with suppress(OSError):
            conn.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVTIMEO, struct.pack("ll", _SILENCE, 0))
        self._reading[conn] = time.monotonic()
        try:
            return super().handle(conn)
        finally:
            self._reading.pop(conn, None)

    def handle_request(self, req: Any, conn: Any) -> Any:
        """The headers are whole."""
        self._reading.pop(conn, None)
        return super().handle_request(req, conn)

    def _watch(self) -> None:
        """Ends the connections whose headers take too long."""
        while True:
            time.sleep(_GLANCE)
            late = time.monotonic() - _HEADERS
            for conn, since in list(self._reading.items()):
                if since < late:
                    with suppress(OSError):
                        conn.sock.shutdown(socket.SHUT_RDWR)

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
