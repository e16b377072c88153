"""A request's body: the bytes of a package, whichever way they come."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TypeVar

from werkzeug.wrappers import Request

from modelserver.errors import BadRequest, NoFile, TooLarge, UnsupportedMediaType
from modelserver.http.formdata import file_part

_CHUNK = 1024**2
_MOST_TEXT = 64 * 1024
_HOW = 'Send it with: curl -X POST <address> -F "file=@model-directory.zip"'
_AS_JSON = "-H 'Content-Type: application/json'"
_OTHER_DOOR = (
    "Larger zips go through POST /v1/packages/uploads, in three steps: "
    f"curl <server>/v1/packages/uploads {_AS_JSON} -d '{{\"Size\": <bytes>}}' ; "
    "then, to the Location in its answer: curl -T model-directory.zip <Location> ; "
    f'then curl <server>/v1/packages/upload {_AS_JSON} -d \'{{"Upload": "<Upload in the first answer>"}}\''
)
_YAML = ("application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml")
_JSON = "application/json"

Member = TypeVar("Member", int, str)


def chunks(request: Request, limit: int) -> Iterator[bytes]:
    """The zip, from the multipart field `file` or as the body itself. Raises before the first byte if it can."""
    length = request.content_length
    if length is not None and length > limit + _MOST_TEXT:
        raise TooLarge(f"The body has {length:,} bytes, and a request may bring {limit:,}. {_OTHER_DOOR}")
    if length == 0:
        raise NoFile(f"The body is empty. {_HOW}")
    if request.mimetype == "multipart/form-data":
        return file_part(Incoming(request), request.content_type or "", "file")
    if request.mimetype in (_JSON, *_YAML):
        raise UnsupportedMediaType(f"A package is a zip, not {request.mimetype}. {_HOW}")
    return _raw(request)


def received(request: Request) -> Iterator[bytes]:
    """The body as it comes, in chunks of at most 1 MiB. Raises BadRequest when it breaks off."""
    incoming = Incoming(request)
    while data := incoming.read(_CHUNK):
        yield data


class Incoming:
    """A request's body as a stream. That it breaks off, or is framed wrongly, is the sender's fault."""

    def __init__(self, request: Request) -> None:
        self._stream = request.stream
        self._missing = request.content_length or 0

    def read(self, size: int, /) -> bytes:
        """Raises BadRequest."""
        try:
            data = self._stream.read(size)
        except Exception:  # each server has errors of its own for this, OSError or not
            raise _broken_off() from None
        self._missing -= len(data)
        if not data and size and self._missing > 0:
            raise _broken_off()
        return data


def _broken_off() -> BadRequest:
    return BadRequest("The body broke off before its end, or its framing is wrong. Send it again.")


def is_yaml(request: Request) -> bool:
    return request.mimetype in _YAML


def is_json(request: Request) -> bool:
    return request.mimetype == _JSON


def member(request: Request, name: str, kind: type[Member]) -> Member:
    """One member of a small JSON object, which must be of this kind. Raises BadRequest, UnsupportedMediaType."""
    if not is_json(request):
        raise UnsupportedMediaType(f"A JSON object is expected here: curl {_AS_JSON} -d '{{\"{name}\": ...}}'")
    try:
        value = json.loads(text(request))[name]
    except (ValueError, TypeError, KeyError, RecursionError):
        value = None
    if not isinstance(value, kind) or isinstance(value, bool):
        shown = "<bytes>" if kind is int else '"<name>"'
        raise BadRequest(f'The body should be {{"{name}": {shown}}}, as application/json.')
    return value


def text(request: Request) -> bytes:
    """A small body as a whole."""
    data = b"".join(received(request)) if _small(request) else b""
    if not data:
        raise BadRequest(f"A body of 1 to {_MOST_TEXT:,} bytes is expected here, with its Content-Length.")
    return data


def _raw(request: Request) -> Iterator[bytes]:
    empty = True
    for data in received(request):
        empty = False
        yield data
    if empty:
        raise NoFile(f"The body is empty. {_HOW}")


def _small(request: Request) -> bool:
    return request.content_length is not None and request.content_length <= _MOST_TEXT
