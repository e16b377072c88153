"""An upload or a build watched as it goes: server-sent events, or one JSON object a line (`Event`, `Data`).

`stage` when one begins, `{"Name": ..., "Seconds": null}`, and again when it ends, with its seconds; `progress` with the
`Bytes` that have come so far; `accepted` with the package as soon as it is recorded; `log` with what the build says;
last `package` or `problem`.
"""

from __future__ import annotations

import codecs
import json
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING

from werkzeug.wrappers import Request, Response

from modelserver.errors import problem_of
from modelserver.http.told import Tell, told
from modelserver.jsontypes import JSON
from modelserver.package import Package
from modelserver.stages import Stage, Stages

if TYPE_CHECKING:
    from modelserver.catalog import Catalog

Event = tuple[str, JSON]
TakeIn = Callable[[Stages, Callable[[Iterable[bytes]], Iterator[bytes]]], Package]

_EVENTS = "text/event-stream"
_LINES = "application/x-ndjson"
_AWAKE: Event = ("log", "")
_STEP = 1 / 100  # of an upload, and at least so many bytes, between two words of its progress
_LEAST = 1024**2


def wanted(request: Request) -> str:
    """The kind of stream that the client asks for by name; "" if it takes a plain answer."""
    accepted = request.accept_mimetypes
    kind = accepted.best_match([_EVENTS, _LINES, "application/json"], "application/json")
    return kind if kind in (_EVENTS, _LINES) and kind in accepted.values() else ""


def build_events(kind: str, catalog: Catalog, package: Package) -> Response:
    """From its first stage on, whenever one comes to it."""
    return _answer(kind, _ending(lambda: _watched(catalog, package)))


def upload_events(kind: str, catalog: Catalog, take_in: TakeIn, size: int) -> Response:
    """The upload while it comes in, then its build. size: of the request's body, 0 if nobody knows.

    take_in: is told the stages and what to count the bytes with; it runs in a thread of its own.
    """
    return _answer(kind, _ending(lambda: _taken_in(catalog, take_in, size)))


def _answer(kind: str, events: Iterator[Event]) -> Response:
    shape: Callable[[Event], str] = _as_event if kind == _EVENTS else _as_line
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    answer = Response(map(shape, events), 200, headers, content_type=kind)
    answer.call_on_close(events.close)  # type: ignore[attr-defined]  # a generator: whoever leaves ends it
    return answer


def _ending(events: Callable[[], Iterator[Event]]) -> Iterator[Event]:
    """Whatever is raised is the last event: the answer has begun, and cannot be another one any more."""
    try:
        yield from events()
    except Exception as error:
        yield "problem", problem_of(error, "an upload that is watched").to_json()


def _taken_in(catalog: Catalog, take_in: TakeIn, size: int) -> Iterator[Event]:
    packages: list[Package] = []

    def work(tell: Tell[Event]) -> None:
        stages = Stages(lambda stage: tell(("stage", stage.to_json())))
        packages.append(take_in(stages, lambda chunks: _counted(chunks, tell, size)))

    yield from told(work, _AWAKE)
    yield "accepted", packages[0].to_json()
    yield from _watched(catalog, packages[0])


def _counted(chunks: Iterable[bytes], tell: Tell[Event], size: int) -> Iterator[bytes]:
    came, step = 0, max(_LEAST, int(size * _STEP))
    next_word = step
    for chunk in chunks:
        came += len(chunk)
        if came >= next_word:
            next_word = came + step
            tell(("progress", {"Name": "receive", "Bytes": came}))
        yield chunk


def _watched(catalog: Catalog, package: Package) -> Iterator[Event]:
    decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
    for said in catalog.watch(package):
        yield ("stage", said.to_json()) if isinstance(said, Stage) else ("log", decoder.decode(said))
    yield "log", decoder.decode(b"", final=True)
    ended = catalog.settle(package)
    yield ("problem", ended.error) if ended.status == "failed" else ("package", ended.to_json())


def _as_event(event: Event) -> str:
    """A log line that is empty is a comment: it keeps the connection awake."""
    name, value = event
    return f"event: {name}\ndata: {json.dumps(value)}\n\n" if value else ":\n\n"


def _as_line(event: Event) -> str:
    name, value = event
    return json.dumps({"Event": name, "Data": value}) + "\n" if value else "\n"
