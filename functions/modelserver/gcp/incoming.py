"""A zip on its way in."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable

import google_crc32c

from modelserver.errors import TooLarge


class Incoming:
    """Chunks as the stream that an upload reads: counted, summed, held to a limit of bytes.

    failure: what the chunks raised, for the caller to tell it from the upload's own failures.
    """

    def __init__(self, chunks: Iterable[bytes], limit: int) -> None:
        self._chunks = iter(chunks)
        self._limit = limit
        self._ahead = bytearray()
        self._position = 0
        self._ended = False
        self._sha256 = hashlib.sha256()
        self._crc32c = google_crc32c.Checksum()
        self.size = 0
        self.failure: BaseException | None = None

    @property
    def sha256(self) -> str:
        """Of what came so far, hex."""
        return self._sha256.hexdigest()

    @property
    def crc32c(self) -> str:
        """Of what came so far, as Cloud Storage says it."""
        return base64.b64encode(self._crc32c.digest()).decode()

    def size_within(self, most: int) -> int | None:
        """The size of it all, if that is at most `most` bytes; they wait to be read. Else None."""
        self._fill(most + 1)
        return self.size if self._ended else None

    def read(self, size: int, /) -> bytes:
        """`size` bytes, fewer only at the end."""
        self._fill(size)
        data = bytes(self._ahead[:size])
        del self._ahead[:size]
        self._position += len(data)
        return data

    def tell(self) -> int:
        return self._position

    def _fill(self, size: int) -> None:
        while len(self._ahead) < size and not self._ended:
            try:
                self._take(next(self._chunks, None))
            except BaseException as error:
                self.failure = error
                raise

    def _take(self, chunk: bytes | None) -> None:
        if chunk is None:
            self._ended = True
            return
        self.size += len(chunk)
        if self.size > self._limit:
            raise TooLarge(f"The zip has more than {self._limit:,} bytes, the most that a request may bring.")
        self._sha256.update(chunk)
        self._crc32c.update(chunk)
        self._ahead += chunk
