"""An answer on its way out, before it is bytes of HTTP."""

from http import HTTPStatus
from typing import AsyncIterator, Dict, NamedTuple, Union

from jid.parcel import Parcel


class FileContent(NamedTuple):
    """A body that is a file on disk, sent piece by piece."""

    path: str


class Response(NamedTuple):
    """status, media type, body; a body of unknown length comes from an iterator and is sent as it comes.

    Who made the response closes a parcel in it, once it was sent.
    """

    status: int
    type: str
    body: Union[bytes, Parcel, FileContent, AsyncIterator[bytes]]
    headers: Dict[str, str] = {}


def head(response: Response, length: int, keep: bool) -> bytes:
    """The status line and header fields. length: bytes of the body, -1 for chunks, -2 for until the end."""
    lines = ["HTTP/1.1 {} {}".format(response.status, _reason(response.status)), "Content-Type: " + response.type]
    lines += ["{}: {}".format(name, value) for name, value in response.headers.items()]
    if length >= 0:
        lines.append("Content-Length: {}".format(length))
    elif length == -1:
        lines.append("Transfer-Encoding: chunked")
    if not keep:
        lines.append("Connection: close")
    return "\r\n".join(lines + ["", ""]).encode("latin-1", "replace")


def _reason(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Answer"
