"""A request handed on to a model, and its reply handed back: a stranger's, so only what is known of it passes."""

from __future__ import annotations

import re
import select
from collections.abc import Mapping
from socket import socket

from werkzeug.wrappers import Request, Response

from modelserver.errors import NoAnswer
from modelserver.http.body import received
from modelserver.ports import Call, Reply

_KIND = re.compile(r"[\w!#$&^.+-]{1,60}/[\w!#$&^.+-]{1,60}(?: ?; ?[\w-]{1,20}=\"?[\w./:+-]{1,80}\"?)*", re.ASCII)
_FILENAME = re.compile(r"filename\*=UTF-8''[\w%.~!-]{1,1000}", re.ASCII)
_NUMBER = re.compile(r"\d{1,15}", re.ASCII)
_CLOSED = getattr(select, "POLLRDHUP", select.POLLHUP)  # macOS has no POLLRDHUP
_BYTES = "application/octet-stream"
# What no browser takes for a document of this address: all else is to be saved, not shown.
_SHOWN = re.compile(
    r"text/plain|text/event-stream|application/(?:json|problem\+json|x-ndjson)"
    r"|image/(?:png|jpeg|gif|webp|avif|bmp)|(?:audio|video)/[\w.+-]+",
    re.ASCII,
)


def call_of(request: Request) -> Call:
    """The body is read as it is sent on."""
    chunked = request.environ.get("HTTP_TRANSFER_ENCODING", "").lower() == "chunked"
    size = None if chunked else request.content_length or 0
    kind, accept = request.headers.get("Content-Type", ""), request.headers.get("Accept", "")
    return Call(received(request), size, kind, accept, lambda: _has_left(request.environ.get("gunicorn.socket")))


def _has_left(connection: socket | None) -> bool:
    """Whether the client has closed its end. None: not on gunicorn, as in tests."""
    if connection is None or connection.fileno() < 0:
        return False
    poll = select.poll()
    poll.register(connection, _CLOSED)
    return bool(poll.poll(0))


def reply_answer(reply: Reply) -> Response:
    """Raises NoAnswer for what is no answer to a POST."""
    if not 200 <= reply.status < 600 or 300 <= reply.status < 400:
        reply.close()
        raise NoAnswer(f"The model's server answered with the status {reply.status}.")
    kind = reply.headers.get("content-type", "")
    kind = kind if _KIND.fullmatch(kind) else _BYTES
    answer = Response(reply.body, reply.status, content_type=kind)
    answer.headers.update(_further(reply.headers, kind))
    answer.call_on_close(reply.close)
    return answer


def _further(given: Mapping[str, str], kind: str) -> dict[str, str]:
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    for name in ("Content-Length", "Retry-After"):
        if _NUMBER.fullmatch(value := given.get(name.lower(), "")):
            headers[name] = value
    found = _FILENAME.search(given.get("content-disposition", ""))
    shown = _SHOWN.fullmatch(kind.partition(";")[0].strip().lower())
    if found or not shown:
        headers["Content-Disposition"] = ("inline" if shown else "attachment") + (f"; {found[0]}" if found else "")
    return headers
