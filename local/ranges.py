"""Which bytes of an upload session a request brings (RFC 9110, 14.4, as Cloud Storage reads it)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from werkzeug.wrappers import Request

from modelserver.errors import BadRequest

_RANGE = re.compile(r"bytes (?:\*|(\d{1,18})-(\d{1,18}))/(\d{1,18})", re.ASCII)


@dataclass(frozen=True)
class Piece:
    """first: offset of the body's first byte; stop: the offset after its last, None if nobody said.

    size: of the whole zip, None if nobody said. asks: it brings nothing and asks what is there.
    """

    first: int = 0
    stop: int | None = None
    size: int | None = None
    asks: bool = False

    @classmethod
    def of(cls, request: Request) -> Piece:
        """From Content-Range. Raises BadRequest when there is one that makes no sense, or that the body belies."""
        text = request.headers.get("Content-Range")
        if text is None:
            return cls()
        found = _RANGE.fullmatch(text)
        if not found:
            raise BadRequest("Content-Range should be `bytes FIRST-LAST/SIZE`, or `bytes */SIZE` to ask what is here.")
        size = int(found[3])
        piece = cls(size=size, asks=True) if found[1] is None else cls(int(found[1]), int(found[2]) + 1, size)
        piece._fit(request.content_length)
        return piece

    def check(self, size: int) -> None:
        """size: that the session was begun for. Raises BadRequest."""
        if self.size not in (None, size):
            raise BadRequest(f"The session was begun for {size} bytes; Content-Range says {self.size}.")
        if self.stop is not None and not self.first < self.stop <= size:
            raise BadRequest(f"Bytes {self.first} to {self.stop - 1} are no part of {size}: FIRST to LAST, from 0 on.")

    def bounded(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """The chunks; raises BadRequest instead of the one that goes beyond `stop`."""
        at = self.first
        for chunk in chunks:
            at += len(chunk)
            if self.stop is not None and at > self.stop:
                raise BadRequest(f"Content-Range ends at {self.stop - 1}, and more bytes came.")
            yield chunk

    def _fit(self, length: int | None) -> None:
        if self.stop is not None and length not in (None, self.stop - self.first):
            raise BadRequest(f"Content-Range says {self.stop - self.first} bytes; the body has {length}.")
