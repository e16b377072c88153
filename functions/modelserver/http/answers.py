"""Values as HTTP answers."""

from __future__ import annotations

import base64
import hashlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import chain
from typing import IO, cast

from werkzeug.datastructures import ContentRange
from werkzeug.wrappers import Request, Response
from werkzeug.wsgi import wrap_file

from modelserver.errors import Problem, RangeNotSatisfiable
from modelserver.jsontypes import JSON, Object
from modelserver.package import Package
from modelserver.ports import Reader

_CHUNK = 1024**2
# What a browser can show without obeying it, by suffix: no SVG, which is a document with scripts.
SHOWN = {
    "gif": "image/gif",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "png": "image/png",
    "webp": "image/webp",
    "flac": "audio/flac",
    "mp3": "audio/mpeg",
    "ogg": "audio/ogg",
    "wav": "audio/wav",
}


def json_answer(body: JSON, status: int = 200, headers: dict[str, str] | None = None) -> Response:
    """Indented, for whoever reads it in a terminal."""
    text = json.dumps(body, indent=2, ensure_ascii=False) + "\n"
    return Response(text, status, headers, content_type="application/json")


def list_answer(shown: Iterable[str]) -> Response:
    """The same of values that are JSON already, indented."""
    lines = ",\n".join(shown).replace("\n", "\n  ")
    return Response(f"[\n  {lines}\n]\n" if lines else "[]\n", content_type="application/json")


def package_answer(request: Request, package: Package, status: int = 200) -> Response:
    """With an ETag of the answer's own bytes; 304 to whoever has them."""
    answer = json_answer(package.to_json(), status)
    answer.set_etag(hashlib.sha256(answer.get_data()).hexdigest()[:32])
    if status == 200:
        answer.make_conditional(request)
    return answer


def problem_answer(problem: Problem) -> Response:
    return document_answer(problem.to_json(), problem.headers)


def document_answer(document: Object, headers: dict[str, str] | None = None) -> Response:
    """problem+json, streamed: functions-framework drains the request's body before any other answer."""
    text = json.dumps(document, indent=2, ensure_ascii=False) + "\n"
    return Response(
        iter([text]),
        cast(int, document["status"]),
        {"Content-Length": str(len(text.encode())), **(headers or {})},
        content_type="application/problem+json",
    )


def text_answer(chunks: Iterator[bytes]) -> Response:
    """As it comes; nosniff and text/plain, since a build's log is a stranger's text.

    The first chunk is fetched now: what is raised at the beginning can still be answered.
    """
    chunks = chain([next(chunks, b"")], chunks)
    headers = {"X-Content-Type-Options": "nosniff", "X-Accel-Buffering": "no"}
    return Response(filter(None, chunks), 200, headers, content_type="text/plain; charset=utf-8")


def file_answer(path: str, size: int, chunks: Iterator[bytes]) -> Response:
    """A stranger's file: as what it is if a browser can show that without obeying it, else as bytes to keep."""
    kind = SHOWN.get(path.rpartition(".")[2].lower(), "application/octet-stream")
    return Response(chunks, 200, {"Content-Length": str(size)}, content_type=kind)


def zip_answer(request: Request, package: Package, reader: Reader, span: Span) -> Response:
    """The zip or a part of it. ETag and Repr-Digest (RFC 9530) are of the whole zip. Closes the reader."""
    answer = _sent(request, reader, span)
    answer.content_type = "application/zip"
    answer.call_on_close(reader.close)
    answer.set_etag(package.sha256)
    digest = base64.b64encode(bytes.fromhex(package.sha256)).decode()
    answer.headers["Repr-Digest"] = f"sha-256=:{digest}:"
    answer.headers["Content-Disposition"] = f'attachment; filename="{package.id}.zip"'
    answer.accept_ranges = "bytes"
    answer.content_length = span.stop - span.start
    if span != Span(0, package.size):
        answer.status_code = 206
        answer.content_range = ContentRange("bytes", span.start, span.stop, package.size)
    answer.make_conditional(request)
    return answer


@dataclass(frozen=True)
class Span:
    """Bytes of a zip: the first, and the one after the last."""

    start: int
    stop: int

    @classmethod
    def of(cls, request: Request, package: Package) -> Span:
        """What the request asks for. Several ranges, or an old If-Range: the whole zip (RFC 9110, 14.2).

        Raises RangeNotSatisfiable.
        """
        asked = request.range
        old = request.if_range.date or request.if_range.etag not in (None, package.sha256)
        if asked is None or asked.units != "bytes" or len(asked.ranges) != 1 or old:
            return cls(0, package.size)
        found = asked.range_for_length(package.size)
        if found is None or found[0] is None or found[1] is None:
            headers = {"Content-Range": f"bytes */{package.size}"}
            raise RangeNotSatisfiable(f"The zip has {package.size} bytes.", headers=headers)
        return cls(found[0], found[1])


def _sent(request: Request, reader: Reader, span: Span) -> Response:
    """From a file of this machine the kernel itself sends, where the server knows how (PEP 3333, wsgi.file_wrapper)."""
    descriptor = reader.descriptor()
    if descriptor is None or span.start == span.stop:
        return Response(_bytes(reader, span))
    part = _Part(reader, descriptor, span)
    return Response(wrap_file(request.environ, cast("IO[bytes]", part), _CHUNK), direct_passthrough=True)


class _Part:
    """A part of a file, as wsgi.file_wrapper takes it: sent from the descriptor's position on, or read piece by piece.

    How far, a server that sends by descriptor knows from Content-Length.
    """

    def __init__(self, reader: Reader, descriptor: int, span: Span) -> None:
        self._reader = reader
        self._descriptor = descriptor
        self._pieces = _bytes(reader, span)
        os.lseek(descriptor, span.start, os.SEEK_SET)

    def fileno(self) -> int:
        return self._descriptor

    def read(self, size: int = _CHUNK) -> bytes:
        """Of its own measure, whatever `size` is."""
        return next(self._pieces, b"")

    def close(self) -> None:
        self._reader.close()


def _bytes(reader: Reader, span: Span) -> Iterator[bytes]:
    start = span.start
    while start < span.stop and (data := reader.read_at(start, min(_CHUNK, span.stop - start))):
        start += len(data)
        yield data
