"""The one file in a multipart/form-data body (RFC 7578), as it streams.

Parsed by the package `multipart`: pure Python, without dependencies, and the fastest of three on 1 GiB read in
chunks of 1 MiB (benchmarks/formdata.py): 12 GB/s, where streaming-form-data has 5.7 and Werkzeug's decoder
0.5. On a body full of line breaks it keeps 13 GB/s; streaming-form-data falls to 0.06.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Protocol

from multipart import (  # type: ignore[import-untyped]
    MultipartError,
    MultipartSegment,
    ParserError,
    PushMultipartParser,
    parse_options_header,
)

from modelserver.errors import BadRequest, NoFile

_CHUNK = 1024 * 1024
_MOST_OTHER = 1024 * 1024
_MOST_PARTS = 100
_MOST_HEADERS = 16
_MOST_HEADER = 8192
_MOST_NAMES = 10
# RFC 2046, section 5.1.1: 1 to 70 of these, the last of them no space. More than 70 harm nobody, and do occur:
# Werkzeug's own client sends 71 for one form in four hundred.
_BOUNDARY = re.compile(r"[0-9A-Za-z'()+_,./:=? -]{0,199}[0-9A-Za-z'()+_,./:=?-]", re.ASCII)


class Stream(Protocol):
    """A request's body."""

    def read(self, size: int, /) -> bytes:
        """At most `size` bytes, b"" at the end."""


def file_part(stream: Stream, content_type: str, field: str) -> Iterator[bytes]:
    """The bytes of the file sent as `field`, in chunks of at most 1 MiB; the body is read to its end.

    Raises BadRequest for a content type without a usable boundary, at once; while it yields, BadRequest for
    a body that is malformed, ends early or has more beside the file than a form needs, and NoFile when no
    such file came.
    """
    kind, options = parse_options_header(content_type)
    boundary = options.get("boundary", "")
    if kind != "multipart/form-data" or not _BOUNDARY.fullmatch(boundary):
        raise BadRequest(f"The Content-Type must be multipart/form-data with a boundary. {_how(field)}")
    return _Form(boundary, field).file(stream)


def _how(field: str) -> str:
    return f'Send the zip with: curl -X POST <address> -F "{field}=@model-directory.zip"'


class _Preamble:
    """What stands before the first boundary, left out (RFC 2046, 5.1.1).

    The parser's own reading of it depends on how the body is cut into pieces.
    """

    def __init__(self, boundary: str) -> None:
        self._line = f"\r\n--{boundary}".encode()
        self._before = b"\r\n"  # the body's beginning is a line's beginning
        self._over = False

    def without(self, chunk: bytes) -> bytes:
        """The part of the chunk from the first boundary on, which may have begun in the chunk before."""
        if self._over:
            return chunk
        self._before += chunk
        at = self._before.find(self._line)
        if at < 0:
            self._before = self._before[1 - len(self._line) :]
            return b""
        self._over = True
        return self._before[at + len(b"\r\n") :]


class _Parser(PushMultipartParser):  # type: ignore[misc]
    def _on_segment_headerline(self, line: bytes) -> None:
        """A line break within a header is refused however the body comes; the parser itself sees it in pieces alone."""
        if b"\n" in line:
            raise ParserError("Invalid line break in segment header")
        super()._on_segment_headerline(line)


class _Form:
    """One body on its way: which fields came, and how much of it was the file."""

    def __init__(self, boundary: str, field: str) -> None:
        self._preamble = _Preamble(boundary)
        self._parser = _Parser(
            boundary,
            max_header_size=_MOST_HEADER,
            max_header_count=_MOST_HEADERS,
            max_segment_count=_MOST_PARTS,
        )
        self._field = field
        self._names: list[str] = []
        self._inside = self._found = False

    def file(self, stream: Stream) -> Iterator[bytes]:
        received = given = 0
        try:
            while chunk := stream.read(_CHUNK):
                received += len(chunk)
                for piece in self._pieces(chunk):
                    given += len(piece)
                    yield piece
                self._bound(received - given)
            self._parser.close()
        except MultipartError as bad:
            raise BadRequest(f"The multipart body cannot be read: {bad}. {_how(self._field)}") from bad
        if not given:
            raise self._no_file()

    def _pieces(self, chunk: bytes) -> Iterator[bytes]:
        data = self._preamble.without(chunk)
        for event in self._parser.parse(data) if data else ():
            if isinstance(event, MultipartSegment):
                self._enter(event)
            elif event is not None and self._inside:
                yield event

    def _enter(self, part: MultipartSegment) -> None:
        name = part.name or ""
        self._inside = name == self._field
        if not self._inside:
            self._names.append(name)
            return
        if self._found:
            raise BadRequest(f"The form has more than one file in `{name}`; send one zip.")
        if part.filename is None and part.content_type in (None, "text/plain"):
            raise NoFile(f"The field `{name}` holds text, not a file: is the @ missing? {_how(name)}")
        self._found = True

    def _bound(self, other: int) -> None:
        """Keeps preamble, headers, other fields and epilogue together small."""
        if other <= _MOST_OTHER:
            return
        if not self._found and self._names:
            raise self._no_file()
        raise BadRequest(f"The form has more than {_MOST_OTHER:,} bytes beside the file. {_how(self._field)}")

    def _no_file(self) -> NoFile:
        if self._found:
            return NoFile(f"The file in `{self._field}` is empty. {_how(self._field)}")
        names = ", ".join(f"`{name[:100]}`" for name in self._names[:_MOST_NAMES])
        came = f"the form has only {names}" if names else "the form is empty"
        return NoFile(f"There is no field `{self._field}`: {came}. {_how(self._field)}")
