"""What a model gave, as an answer over HTTP."""

import json
import os
from typing import Any, AsyncIterator, List

from jid import message
from jid.encoding import json_bytes
from jid.failure import Failure
from jid.keep.process import Described
from jid.keep.run import Run
from jid.message import Message
from jid.web.errand import Errand
from jid.web.problem import of_failure
from jid.web.response import FileContent, Response

TEXT, JSON, LINES, EVENTS = (
    "text/plain; charset=utf-8",
    "application/json",
    "application/x-ndjson",
    "text/event-stream; charset=utf-8",
)


async def answer(errand: Errand, run: Run, described: Described) -> Response:
    """The answer to /infer: a text as text, a file as a file, the rest as JSON, a generator as a stream."""
    first = await run.next()
    if first.kind == message.OUTPUT:
        return _whole(errand, run, first)
    accept = errand.request.headers.get("accept", "")
    if "text/event-stream" in accept:
        return Response(200, EVENTS, _events(errand, run, first), {"Cache-Control": "no-store"})
    is_text = first.note == message.TEXT if first.kind == message.ITEM else _is_text(described)
    return Response(200, TEXT if is_text else LINES, _lines(errand, run, first, is_text))


async def value_of(errand: Errand, run: Run) -> Any:
    """The output as a JSON value: a stream as a list, a file as the text of a data: URL."""
    heard = await run.next()
    items: List[Any] = []
    while heard.kind == message.ITEM:
        items.append(value(errand, run, heard))
        heard = await run.next()
    return items if heard.kind == message.END else value(errand, run, heard)


def _whole(errand: Errand, run: Run, output: Message) -> Response:
    if output.note in (message.TEXT, message.JSON):
        return Response(200, TEXT if output.note == message.TEXT else JSON, errand.kept(output.body))
    return _file(_path(errand, run, output))


def _file(path: str) -> Response:
    from urllib.parse import quote  # late, as are all libraries that many models never need

    from jid import mediatype

    name = os.path.basename(path)
    disposition = "inline; filename*=UTF-8''{}".format(quote(name.encode("utf-8", "replace"), safe=""))
    return Response(200, mediatype.of_name(name), FileContent(path), {"Content-Disposition": disposition})


async def _lines(errand: Errand, run: Run, item: Message, is_text: bool) -> AsyncIterator[bytes]:
    while item.kind == message.ITEM:
        yield (item.content() if is_text else _json(errand, run, item)) + b"\n"
        item = await run.next()


async def _events(errand: Errand, run: Run, item: Message) -> AsyncIterator[bytes]:
    """Server-sent events: one for each item, then `done`, or `error` with the problem."""
    try:
        while item.kind == message.ITEM:
            body = item.content() if item.note == message.TEXT else _json(errand, run, item)
            yield event("", body)
            item = await run.next()
        yield event("done", b"")
    except Failure as failure:
        yield event("error", json_bytes(of_failure(failure).json()))


def event(name: str, data: bytes) -> bytes:
    """One event; a line break in the data starts another data line (WHATWG HTML, section 9.2)."""
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    head = b"event: " + name.encode("ascii") + b"\n" if name else b""
    return head + b"".join(b"data: " + line + b"\n" for line in lines) + b"\n"


def _json(errand: Errand, run: Run, item: Message) -> bytes:
    return item.content() if item.note == message.JSON else json_bytes(value(errand, run, item))


def value(errand: Errand, run: Run, heard: Message) -> Any:
    """One output or item as a JSON value; a file as the text of a data: URL."""
    if heard.note == message.JSON:
        return json.loads(heard.content().decode("utf-8"))
    if heard.note == message.TEXT:
        return heard.content().decode("utf-8")
    from jid.mediatype import shown

    return shown(_path(errand, run, heard))


def _path(errand: Errand, run: Run, heard: Message) -> str:
    path = heard.content().decode("utf-8", "surrogateescape")
    errand.sending(path, run)
    return path


def _is_text(described: Described) -> bool:
    return bool(described.output.get("items", {}).get("type") == "string")
