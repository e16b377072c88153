"""An upload watched as it goes: server-sent events, or one JSON object a line.

First `accepted` with the package, then `log` with what the build says, last `package` or `problem`.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from modelserver.errors import Problem
from modelserver.jsontypes import JSON
from modelserver.package import Package

if TYPE_CHECKING:
    from modelserver.catalog import Catalog

Event = tuple[str, JSON]

_EVENTS = "text/event-stream"
_LINES = "application/x-ndjson"


def wanted(request: Request) -> str:
    """The kind of stream that the client asks for by name; "" if it takes a plain answer."""
    accepted = request.accept_mimetypes
    kind = accepted.best_match([_EVENTS, _LINES, "application/json"], "application/json")
    return kind if kind in (_EVENTS, _LINES) and kind in accepted.values() else ""


def events(kind: str, catalog: Catalog, package: Package) -> Response:
    """The build's log as it is written, then one event that is the package or the problem."""
    shape: Callable[[Event], str] = _as_event if kind == _EVENTS else _as_line
    return Response(map(shape, _watch(catalog, package)), 200, content_type=kind)


def _watch(catalog: Catalog, package: Package) -> Iterator[Event]:
    yield "accepted", package.to_json()
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    for data in catalog.follow(package):
        yield "log", decoder.decode(data)
    yield "log", decoder.decode(b"", final=True)
    yield _end(catalog, package)


def _end(catalog: Catalog, package: Package) -> Event:
    try:
        ended = catalog.settle(package)
    except Problem as problem:
        return "problem", problem.to_json()
    return ("problem", ended.error) if ended.status == "failed" else ("package", ended.to_json())


def _as_event(event: Event) -> str:
    """A log line that is empty is a comment: it keeps the connection awake."""
    name, value = event
    return f"event: {name}\ndata: {json.dumps(value)}\n\n" if value else ":\n\n"


def _as_line(event: Event) -> str:
    name, value = event
    return json.dumps({"Event": name, "Data": value}) + "\n" if value else "\n"
