"""The local HTTP surface: the program's own, and the one address that Cloud Storage has in its place elsewhere."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

from werkzeug.wrappers import Request, Response

from local.house import House
from local.sessions import FileSessions
from modelserver.app import answered, handle
from modelserver.errors import BadRequest

_SESSION = re.compile(r"/v1/packages/uploads/([0-9a-f]{32})", re.ASCII)
_RANGE = re.compile(r"bytes (?:\*|(\d{1,18})-\d{1,18})/\d{1,18}", re.ASCII)
_CHUNK = 1024**2


def respond(request: Request, house: Callable[[], House]) -> Response:
    found = _SESSION.fullmatch(request.path) if request.method == "PUT" else None
    if found:
        name = found[1]
        return answered(request, lambda: _put(request, house().ports.sessions, name))
    return handle(request, lambda: house().services)


def _put(request: Request, sessions: FileSessions, name: str) -> Response:
    """Bytes of a session; who knows its name may write. 201 when whole, else 308 and Range, as Cloud Storage."""
    there, size = sessions.append(name, _first(request), _body(request))
    if there == size:
        return Response(status=201)
    return Response(status=308, headers={"Range": f"bytes=0-{there - 1}"} if there else None)


def _first(request: Request) -> int:
    """The offset of the body's first byte. `bytes */SIZE` only asks, and has no body."""
    text = request.headers.get("Content-Range")
    if text is None:
        return 0
    found = _RANGE.fullmatch(text)
    if not found:
        raise BadRequest("Content-Range should be `bytes FIRST-LAST/SIZE`, or `bytes */SIZE` to ask what is here.")
    return int(found[1] or 0)


def _body(request: Request) -> Iterator[bytes]:
    while data := request.stream.read(_CHUNK):
        yield data
