"""Large zips that arrive in pieces, as files that grow. The protocol is Cloud Storage's resumable upload:

PUT the bytes; after a cut, PUT nothing with `Content-Range: bytes */SIZE` and be told by 308 and `Range` how many
are there; PUT the rest with `Content-Range: bytes FIRST-LAST/SIZE`.
(cloud.google.com/storage/docs/performing-resumable-uploads)
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import time
import uuid
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from local.files import FileStorage
from modelserver.errors import BadRequest, Conflict, PackageNotFound
from modelserver.ports import Session, Upload

_CHUNK = 1024**2
_NAME = re.compile(r"[0-9a-f]{32}", re.ASCII)


class FileSessions:
    """Port Sessions. One file in `folder` for each session, named by its key and its size."""

    def __init__(self, storage: FileStorage, folder: Path) -> None:
        self._storage = storage
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def begin(self, size: int, address: str) -> Session:
        name = uuid.uuid4().hex
        (self._folder / f"{name}.{size}").touch()
        return Session(name, f"{address}/v1/packages/uploads/{name}")

    def append(self, name: str, first: int, chunks: Iterable[bytes]) -> tuple[int, int]:
        """Adds bytes from offset `first` on; how many are there now, and how many there should be.

        What came before a cut stays. Raises PackageNotFound if there is no such session, Conflict while another
        request writes to it, BadRequest when bytes would be skipped or are too many.
        """
        path, size = self._find(name)
        with _alone(path) as file:
            there = os.fstat(file.fileno()).st_size
            if first > there:
                raise BadRequest(f"The first {there} bytes are here; bytes from {first} on would leave a gap.")
            file.seek(first)
            for chunk in chunks:
                if file.tell() + len(chunk) > size:
                    raise BadRequest(f"The session was begun for {size} bytes, and more came.")
                file.write(chunk)
            file.flush()
            return os.fstat(file.fileno()).st_size, size

    def finish(self, name: str) -> Upload:
        try:
            path, size = self._find(name)
            with _alone(path) as file:
                there = os.fstat(file.fileno()).st_size
                if there < size:
                    raise Conflict(f"{there} of {size} bytes have arrived; PUT the rest to the session's Location.")
                self._storage.adopt(path, name)
        except PackageNotFound:  # an earlier try may have come this far
            pass
        return self._finished(name)

    def sweep(self, older_than: float) -> None:
        """Ends the sessions to which nothing was written for so many seconds."""
        until = time.time() - older_than
        for path in self._folder.iterdir():
            if path.stat().st_mtime <= until:
                path.unlink(missing_ok=True)

    def _finished(self, name: str) -> Upload:
        """Raises KeyError."""
        if not _NAME.fullmatch(name):
            raise KeyError(name)
        reader = self._storage.open(name)
        try:
            digest = hashlib.sha256()
            for offset in range(0, reader.size, _CHUNK):
                digest.update(reader.read_at(offset, _CHUNK))
            return Upload(name, reader.size, digest.hexdigest())
        finally:
            reader.close()

    def _find(self, name: str) -> tuple[Path, int]:
        found = list(self._folder.glob(f"{name}.*")) if _NAME.fullmatch(name) else []
        if not found:
            raise _gone()
        return found[0], int(found[0].suffix[1:])


@contextmanager
def _alone(path: Path) -> Iterator[BinaryIO]:
    """The session's file, for one writer. Raises Conflict, and PackageNotFound if it has been finished meanwhile."""
    try:
        file = path.open("r+b")
    except FileNotFoundError:
        raise _gone() from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict("Another request is writing to this session.") from None
        if not (path.exists() and os.path.samestat(path.stat(), os.fstat(file.fileno()))):
            raise _gone()
        yield file


def _gone() -> PackageNotFound:
    return PackageNotFound("No upload session is here; begin one: POST /v1/packages/uploads.")
