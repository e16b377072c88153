"""The objects of one bucket, in the few steps this program takes with them. Only here is the storage SDK imported."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, Protocol

from google.api_core.exceptions import NotFound, PreconditionFailed
from google.cloud.storage import Client
from google.cloud.storage.exceptions import DataCorruption, InvalidResponse
from google.cloud.storage.retry import DEFAULT_RETRY

from modelserver.errors import Misconfigured
from modelserver.gcp.calls import calling
from modelserver.gcp.signing import Signing

PIECE = 8 * 1024 * 1024
"""Bytes in one request of an upload: what has no more goes in a single one (the SDK's own bound for that)."""

_ZIP = "application/zip"
_LINK_LASTS = timedelta(minutes=15)
_CONNECT = 5.0


@dataclass(frozen=True)
class Stored:
    """An object as it was when it was looked at. size: bytes; crc32c: base64 of the big-endian sum, as Google says it.

    generation: what makes these bytes these (cloud.google.com/storage/docs/metadata#generation-number).
    """

    key: str
    generation: int
    size: int
    crc32c: str

    def same_bytes(self, other: Stored | None) -> bool:
        """Whether the other has the same size and sum: a move keeps both, and gives a new generation."""
        return other is not None and (other.size, other.crc32c) == (self.size, self.crc32c)


class Source(Protocol):
    """What `put` reads from."""

    def read(self, size: int, /) -> bytes: ...

    def tell(self) -> int: ...


class Sink(Protocol):
    """What `stream` writes to."""

    def write(self, data: bytes, /) -> int: ...


class Objects:
    """One bucket. Every method may raise Unavailable and Misconfigured.

    patience: seconds for which a call that fails is tried again, and for which an answer is awaited. The SDK looks
    for an emulator in STORAGE_EMULATOR_HOST.
    """

    def __init__(self, bucket: str, project: str = "", patience: float = 30.0) -> None:
        self._name = bucket
        self._project = project
        self._waits = {"timeout": (_CONNECT, patience), "retry": DEFAULT_RETRY.with_timeout(patience)}
        self._signing = Signing(patience)

    def put(self, key: str, source: Source, size: int | None) -> Stored:
        """Stores a new object. size: bytes, or None if the source is to be read piece by piece to its end.

        Never replaces one: then what is there is returned, and the caller compares. Its sum is checked by the
        service, where the SDK can say it beforehand, and by the SDK afterwards.
        """
        blob = self._bucket.blob(key, chunk_size=PIECE)
        with self._calling():
            try:
                blob.upload_from_file(
                    source, size=size, content_type=_ZIP, if_generation_match=0, checksum="crc32c", **self._waits
                )
            except PreconditionFailed:
                blob.reload(**self._waits)
            except NotFound:
                raise Misconfigured(f"There is no bucket called {self._name!r}.") from None
        return _stored(blob)

    def session(self, key: str, size: int) -> str:
        """Opens a resumable session for a new object of exactly `size` bytes: the URL to PUT them to. A secret."""
        with self._calling():
            try:
                url: str = self._bucket.blob(key).create_resumable_upload_session(
                    content_type=_ZIP, size=size, if_generation_match=0, **self._waits
                )
            except NotFound:
                raise Misconfigured(f"There is no bucket called {self._name!r}.") from None
        return url

    def look(self, key: str) -> Stored | None:
        with self._calling():
            blob = self._bucket.get_blob(key, **self._waits)
        return _stored(blob) if blob else None

    def fetch(self, stored: Stored, start: int, stop: int) -> bytes:
        """The bytes from `start` to before `stop` of this very generation. Raises KeyError if it is gone."""
        with self._calling():
            try:
                data: bytes = self._pinned(stored).download_as_bytes(
                    start=start, end=stop - 1, checksum=None, **self._waits
                )
            except NotFound:
                raise KeyError(stored.key) from None
        return data

    def stream(self, stored: Stored, sink: Sink) -> None:
        """All bytes of this very generation, in one request, their sum compared. Raises KeyError if it is gone."""
        with self._calling():
            try:
                self._pinned(stored).download_to_file(sink, checksum="crc32c", **self._waits)
            except NotFound:
                raise KeyError(stored.key) from None

    def move(self, stored: Stored, key: str) -> bool:
        """Renames this very generation, in one step on the server; False if it is gone or `key` is taken."""
        with self._calling():
            try:
                self._bucket.move_blob(
                    self._bucket.blob(stored.key),
                    key,
                    if_generation_match=0,
                    if_source_generation_match=stored.generation,
                    **self._waits,
                )
            except (NotFound, PreconditionFailed):
                return False
        return True

    def remove(self, key: str) -> None:
        """No error if there is none."""
        with self._calling():
            try:
                self._bucket.blob(key).delete(**self._waits)
            except NotFound:
                return

    def listed(self, prefix: str) -> Iterator[tuple[str, datetime]]:
        """Every key that starts so, and when its object came."""
        with self._calling():
            fields = "items(name,timeCreated),nextPageToken"
            for blob in self._client.list_blobs(self._name, prefix=prefix, fields=fields, **self._waits):
                yield blob.name, blob.time_created

    def link(self, stored: Stored, filename: str) -> str:
        """A V4 signed URL of this very generation, good for a quarter of an hour. A secret."""
        with calling("IAM's signBlob, which the service account needs on itself,"):
            url: str = self._pinned(stored).generate_signed_url(
                version="v4",
                expiration=_LINK_LASTS,
                generation=stored.generation,
                response_disposition=f'attachment; filename="{filename}"',
                response_type=_ZIP,
                credentials=self._signing.signer(),
            )
        return url

    def _pinned(self, stored: Stored) -> Any:
        return self._bucket.blob(stored.key, generation=stored.generation)

    def _calling(self) -> AbstractContextManager[None]:
        return calling("Cloud Storage", InvalidResponse, DataCorruption)

    @cached_property
    def _client(self) -> Any:
        return Client(project=self._project or None)

    @cached_property
    def _bucket(self) -> Any:
        with self._calling():
            return self._client.bucket(self._name)


def _stored(blob: Any) -> Stored:
    return Stored(blob.name, int(blob.generation), int(blob.size), blob.crc32c)
