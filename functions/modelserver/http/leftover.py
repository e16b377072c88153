"""What a refused request still sends: read and thrown away for a moment, after its answer.

A server that closes a connection with unread bytes in it resets it, and the reset may overtake the answer: the client
would see a broken connection instead of the reason.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from socket import socket

from werkzeug.wrappers import Request

_CHUNK = 256 * 1024
_SECONDS = 2.0


def then_discarded(answer: Iterable[bytes], request: Request) -> Iterator[bytes]:
    """The answer, then nothing until the body has ended, for `_SECONDS` at the most."""
    yield from answer
    if _has_body(request):
        _discard(request)


def _has_body(request: Request) -> bool:
    return bool(request.content_length) or "HTTP_TRANSFER_ENCODING" in request.environ


def _discard(request: Request) -> None:
    until = time.monotonic() + _SECONDS
    with _bounded(request.environ.get("gunicorn.socket")):
        try:
            while request.stream.read(_CHUNK) and time.monotonic() < until:
                pass
        except Exception:  # broken off, or silent: each server has errors of its own for this
            return


@contextmanager
def _bounded(connection: socket | None) -> Iterator[None]:
    """A client that sends nothing more is not waited for. None: not on gunicorn, as in tests."""
    if connection is None:
        yield
        return
    before = connection.gettimeout()
    connection.settimeout(_SECONDS)
    try:
        yield
    finally:
        connection.settimeout(before)
