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
_OTHER_DOOR = (
    'Larger zips: POST /v1/packages/uploads {"Size": <bytes>}, then curl -T the zip to the Location in the answer,'
    ' then POST /v1/packages/upload {"Upload": "<name in the answer>"}.'
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
        return file_part(request.stream, request.content_type or "", "file")
    if request.mimetype in (_JSON, *_YAML):
        raise UnsupportedMediaType(f"A package is a zip, not {request.mimetype}. {_HOW}")
    return _raw(request)


def is_yaml(request: Request) -> bool:
    return request.mimetype in _YAML


def is_json(request: Request) -> bool:
    return request.mimetype == _JSON


def member(request: Request, name: str, kind: type[Member]) -> Member:
    """One member of a small JSON object, which must be of this kind. Raises BadRequest."""
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
    data = b"".join(iter(lambda: request.stream.read(_MOST_TEXT), b"")) if _small(request) else b""
    if not data:
        raise BadRequest(f"A body of 1 to {_MOST_TEXT:,} bytes is expected here, with its Content-Length.")
    return data


def _raw(request: Request) -> Iterator[bytes]:
    empty = True
    while data := request.stream.read(_CHUNK):
        empty = False
        yield data
    if empty:
        raise NoFile(f"The body is empty. {_HOW}")


def _small(request: Request) -> bool:
    return request.content_length is not None and request.content_length <= _MOST_TEXT
