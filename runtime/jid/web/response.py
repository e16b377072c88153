"""An answer on its way out, before it is bytes of HTTP."""

from typing import AsyncIterator, Dict, NamedTuple, Union

from jid.message import Held

_REASONS = {  # of what is sent here; http.HTTPStatus knows all of them, and takes a millisecond to load
    200: "OK",
    202: "Accepted",
    400: "Bad Request",
    404: "Not Found",
    405: "Method Not Allowed",
    408: "Request Timeout",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    431: "Request Header Fields Too Large",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
    504: "Gateway Timeout",
    505: "HTTP Version Not Supported",
}


class FileContent(NamedTuple):
    """A body that is a file on disk, sent piece by piece."""

    path: str


class Response(NamedTuple):
    """status, media type, body; a body of unknown length comes from an iterator and is sent as it comes.

    Who made the response closes what it holds, once it was sent.
    """

    status: int
    type: str
    body: Union[bytes, Held, FileContent, AsyncIterator[bytes]]
    headers: Dict[str, str] = {}


def head(response: Response, length: int, keep: bool) -> bytes:
    """The status line and header fields. length: bytes of the body, -1 for chunks, -2 for until the end."""
    first = "HTTP/1.1 {} {}".format(response.status, _REASONS.get(response.status, ""))
    lines = [first, "Content-Type: " + response.type]
    lines += ["{}: {}".format(name, value) for name, value in response.headers.items()]
    if length >= 0:
        lines.append("Content-Length: {}".format(length))
    elif length == -1:
        lines.append("Transfer-Encoding: chunked")
    if not keep:
        lines.append("Connection: close")
    return "\r\n".join(lines + ["", ""]).encode("latin-1", "replace")
