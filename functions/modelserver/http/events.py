"""An upload watched as it goes: server-sent events, or one JSON object a line."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator

from werkzeug.wrappers import Request, Response

from modelserver.catalog import Catalog
from modelserver.errors import Problem
from modelserver.jsontypes import JSON
from modelserver.package import Package

Event = tuple[str, JSON]

_EVENTS = "text/event-stream"
_LINES = "application/x-ndjson"


def events(request: Request, catalog: Catalog, package: Package) -> Response | None:
    """The build's log as it is written, then one event that is the package or the problem; None if not asked for."""
    kind = request.accept_mimetypes.best_match([_EVENTS, _LINES, "application/json"], "application/json")
    shapes: dict[str, Callable[[Event], str]] = {_EVENTS: _as_event, _LINES: _as_line}
    if kind not in shapes or request.accept_mimetypes[kind] < 1 or "*/*" in str(request.accept_mimetypes):
        return None
    return Response(map(shapes[kind], _watch(catalog, package)), 200, content_type=kind)


def _watch(catalog: Catalog, package: Package) -> Iterator[Event]:
    yield "package", package.to_json()
    for data in catalog.follow(package):
        yield "log", data.decode(errors="replace")
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
