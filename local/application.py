"""The local HTTP surface: the program's own, and the one address that Cloud Storage has in its place elsewhere."""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path

from werkzeug.wrappers import Request, Response

from local.guard import admit
from local.house import House
from local.ranges import Piece
from local.sessions import FileSessions
from modelserver.app import answered, handle
from modelserver.errors import BadRequest, Misconfigured
from modelserver.http.body import received
from modelserver.settings import Settings, tools

_LEAST = 128 * 1024  # for SQLite's own files
_SESSION = re.compile(r"/v1/packages/uploads/([0-9a-f]{32})", re.ASCII)


def opened(settings: Settings, environment: Mapping[str, str]) -> House:
    """The house over settings.data. Raises Misconfigured, whatever is wrong with the folder."""
    try:
        return House.open(settings, tools(environment))
    except (OSError, sqlite3.Error) as error:
        if _is_full(settings.data):
            raise Misconfigured(f"The disk of the data folder {settings.data} is full. Make room on it.") from None
        raise Misconfigured(
            f"The data folder {settings.data} cannot be used: {error}. Choose another one: --data FOLDER."
        ) from None


def _is_full(folder: Path) -> bool:
    try:
        return shutil.disk_usage(folder).free < _LEAST
    except OSError:
        return False


def respond(request: Request, house: Callable[[], House]) -> Response:
    def guarded() -> House:
        opened = house()
        admit(request, opened.services.settings.token)
        return opened

    found = _SESSION.fullmatch(request.path) if request.method == "PUT" else None
    if found:
        name = found[1]
        return answered(request, lambda: _put(request, guarded().ports.sessions, name))
    return handle(request, lambda: guarded().services)


def _put(request: Request, sessions: FileSessions, name: str) -> Response:
    """Bytes of a session; who knows its name may write. 201 when whole, else 308 and Range, as Cloud Storage."""
    piece = Piece.of(request)
    there, size = sessions.append(name, 0, ())
    piece.check(size)
    if not piece.asks:
        there, size = sessions.append(name, piece.first, piece.bounded(received(request)))
    elif any(received(request)):
        raise BadRequest("`bytes */SIZE` asks what is here, without a body; bytes come with FIRST-LAST.")
    if there == size:
        return Response(status=201)
    return Response(status=308, headers={"Range": f"bytes=0-{there - 1}"} if there else None)
