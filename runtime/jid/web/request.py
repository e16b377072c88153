"""The head of an HTTP/1.1 request (RFC 9112), read strictly: what is ambiguous is refused."""

import re
from typing import Dict, List, NamedTuple

from jid.web.problem import BAD_REQUEST, HEAD_TOO_LARGE, HTTP_VERSION, NOT_IMPLEMENTED, Problem

CHUNKED = -1
_LINES = 100  # of a head

_TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_LENGTH = re.compile(r"[0-9]{1,18}")
_BAD_VALUE = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]")


class Request(NamedTuple):
    """A request's head. Header names are in lower case; `length` is of the body in bytes, or CHUNKED."""

    method: str
    path: str
    headers: Dict[str, str]
    length: int
    keep: bool
    old: bool


def parse(head: bytes) -> Request:
    """Read a head without its empty line. Raises Problem BAD_REQUEST, HTTP_VERSION or NOT_IMPLEMENTED."""
    lines = head.decode("latin-1").split("\r\n")
    words = lines[0].split(" ")
    if len(words) != 3 or not _TOKEN.fullmatch(words[0]):
        raise Problem(BAD_REQUEST, "the first line must read like: GET /ping HTTP/1.1")
    method, target, version = words
    if version not in ("HTTP/1.1", "HTTP/1.0"):
        raise Problem(HTTP_VERSION, "this is {}".format(version[:20]))
    headers = _headers(lines[1:])
    old = version == "HTTP/1.0"
    if not old and "host" not in headers:
        raise Problem(BAD_REQUEST, "an HTTP/1.1 request needs a Host header")
    said = headers.get("connection", "").lower()
    keep = "keep-alive" in said if old else "close" not in said
    return Request(method, _path(target), headers, _length(headers, old), keep, old)


def _headers(lines: List[str]) -> Dict[str, str]:
    if len(lines) > _LINES:
        raise Problem(HEAD_TOO_LARGE, "a request may have {} header lines".format(_LINES))
    headers: Dict[str, str] = {}
    for line in lines:
        name, colon, value = line.partition(":")
        value = value.strip(" \t")
        if not colon or not _TOKEN.fullmatch(name) or _BAD_VALUE.search(value):
            raise Problem(BAD_REQUEST, "a header line is malformed: {!r}".format(line[:60]))
        name = name.lower()
        if name in headers and name in ("content-length", "transfer-encoding", "host", "content-type"):
            raise Problem(BAD_REQUEST, "the header {} is there twice".format(name))
        headers[name] = headers[name] + ", " + value if name in headers else value
    return headers


def _path(target: str) -> str:
    path = target.partition("?")[0]
    if path.startswith(("http://", "https://")):
        path = "/" + path.split("/", 3)[3] if path.count("/") > 2 else "/"
    if "%" not in path:
        return path
    from urllib.parse import unquote  # late: hardly any path has one

    return unquote(path)


def _length(headers: Dict[str, str], old: bool) -> int:
    coding = headers.get("transfer-encoding")
    length = headers.get("content-length")
    if coding is not None:
        if length is not None or old:
            raise Problem(BAD_REQUEST, "Transfer-Encoding does not go with Content-Length or HTTP/1.0")
        if coding.lower() != "chunked":
            raise Problem(NOT_IMPLEMENTED, "the only Transfer-Encoding that is taken is chunked")
        return CHUNKED
    if length is not None and not _LENGTH.fullmatch(length):
        raise Problem(BAD_REQUEST, "Content-Length must be a number of bytes, not {!r}".format(length[:30]))
    return int(length or 0)
