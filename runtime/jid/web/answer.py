"""What a model gave, as an answer over HTTP."""

import json
import os
from typing import Any, AsyncIterator, List
from urllib.parse import quote

from jid import mediatype, message
from jid.encoding import data_url, json_bytes
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


async def answer(errand: Errand, running: Run, described: Described) -> Response:
    """The answer to /infer: a text as text, a file as a file, the rest as JSON, a generator as a stream."""
    first = await running.next()
    if first.kind == message.OUTPUT:
        return _whole(errand, first)
    accept = errand.request.headers.get("accept", "")
    if "text/event-stream" in accept:
        return Response(200, EVENTS, _events(errand, running, first), {"Cache-Control": "no-store"})
    is_text = first.note == message.TEXT if first.kind == message.ITEM else _is_text(described)
    return Response(200, TEXT if is_text else LINES, _lines(errand, running, first, is_text))


async def value_of(errand: Errand, running: Run) -> Any:
    """The output as a JSON value: a stream as a list, a file as the text of a data: URL."""
    heard = await running.next()
    items: List[Any] = []
    while heard.kind == message.ITEM:
        items.append(_value(errand, heard))
        heard = await running.next()
    return items if heard.kind == message.END else _value(errand, heard)


def _whole(errand: Errand, output: Message) -> Response:
    if output.note == message.TEXT:
        return Response(200, TEXT, output.body)
    if output.note == message.JSON:
        return Response(200, JSON, output.body)
    path = _path(errand, output)
    name = os.path.basename(path)
    disposition = "inline; filename*=UTF-8''{}".format(quote(name.encode("utf-8", "replace"), safe=""))
    return Response(200, mediatype.of_name(name), FileContent(path), {"Content-Disposition": disposition})


async def _lines(errand: Errand, running: Run, item: Message, is_text: bool) -> AsyncIterator[bytes]:
    while item.kind == message.ITEM:
        yield (item.body if is_text else _json(errand, item)) + b"\n"
        item = await running.next()


async def _events(errand: Errand, running: Run, item: Message) -> AsyncIterator[bytes]:
    """Server-sent events: one for each item, then `done`, or `error` with the problem."""
    try:
        while item.kind == message.ITEM:
            body = item.body if item.note == message.TEXT else _json(errand, item)
            yield _event("", body)
            item = await running.next()
        yield _event("done", b"")
    except Failure as failure:
        yield _event("error", json_bytes(of_failure(failure).json()))


def _event(name: str, data: bytes) -> bytes:
    """One event; a line break in the data starts another data line (WHATWG HTML, section 9.2)."""
    lines = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
    head = b"event: " + name.encode("ascii") + b"\n" if name else b""
    return head + b"".join(b"data: " + line + b"\n" for line in lines) + b"\n"


def _json(errand: Errand, item: Message) -> bytes:
    return item.body if item.note == message.JSON else json_bytes(_value(errand, item))


def _value(errand: Errand, heard: Message) -> Any:
    if heard.note == message.JSON:
        return json.loads(heard.body.decode("utf-8"))
    if heard.note == message.TEXT:
        return heard.body.decode("utf-8")
    return data_url(_path(errand, heard))


def _path(errand: Errand, heard: Message) -> str:
    path = heard.body.decode("utf-8", "surrogateescape")
    errand.sending(path)
    return path


def _is_text(described: Described) -> bool:
    return bool(described.output.get("items", {}).get("type") == "string")
