"""Storage in a folder of this machine, and the one way in which local mode writes a file."""

from __future__ import annotations

import hashlib
import os
import threading
import time
import uuid
from collections.abc import Iterable, Iterator, Set
from contextlib import closing
from pathlib import Path
from typing import BinaryIO

from modelserver.aside import Aside
from modelserver.audit import sha256
from modelserver.errors import TooLarge, no_space
from modelserver.ports import Upload


def write_atomically(path: Path, data: bytes) -> None:
    """The whole of `data` or what was there before, also after a crash: write beside, fsync, rename, fsync."""
    beside = path.with_name(f".{path.name}.{uuid.uuid4().hex}")
    try:
        with beside.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def sync_folder(folder: Path) -> None:
    """Makes the names in a folder durable (POSIX: a rename is atomic, but only this makes it last)."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


class FileStorage:
    """Port Storage. Two folders on one file system: `staging` for what arrives, `packages` for what is kept."""

    def __init__(self, folder: Path) -> None:
        self._staging = folder / "staging"
        self._packages = folder / "packages"
        self._replacing = threading.Lock()
        self._staging.mkdir(parents=True, exist_ok=True)
        self._packages.mkdir(parents=True, exist_ok=True)

    def receive(self, chunks: Iterable[bytes], limit: int) -> Upload:
        name = uuid.uuid4().hex
        path, digest = self._staged(name), hashlib.sha256()
        try:
            with path.open("xb") as file:
                with Aside(digest.update) as hashing, Aside(file.write) as writing:
                    for chunk in _bounded(chunks, limit):
                        hashing(chunk)
                        writing(chunk)
                size = file.tell()
                file.flush()
                os.fsync(file.fileno())
            sync_folder(self._staging)
        except OSError as error:
            path.unlink(missing_ok=True)
            raise no_space(error) or error from error
        except BaseException:
            path.unlink(missing_ok=True)
            raise
        return Upload(name, size, digest.hexdigest())

    def sweep_staging(self, known: Set[str]) -> None:
        """At a start: what was arriving when the server ended never will. What a record names already is kept."""
        for path in self._staging.iterdir():
            if path.stem in known:
                self.keep(path.stem)
            else:
                path.unlink(missing_ok=True)

    def adopt(self, path: Path, name: str) -> None:
        """Stages a zip that arrived otherwise, a file of the same file system."""
        with path.open("rb") as file:
            os.fsync(file.fileno())
        path.replace(self._staged(name))
        sync_folder(self._staging)

    def keep(self, name: str) -> None:
        try:
            self._staged(name).replace(self._kept(name))
        except FileNotFoundError:
            if not self._kept(name).exists():
                raise KeyError(name) from None
        sync_folder(self._packages)

    def open(self, name: str) -> FileReader:
        for path in (self._kept(name), self._staged(name)):
            try:
                return FileReader(path)
            except FileNotFoundError:
                continue
        raise KeyError(name)

    def mend(self, stored: Upload, again: Upload) -> bool:
        """The same bytes were read and hashed as they came: they take the place of the stored ones without a look
        at those, which costs no more than to remove them. A zip made anew is compared with what is stored."""
        with self._replacing:
            if not self._kept(stored.name).exists():
                return False
            if again.sha256 == stored.sha256 and self._staged(again.name).exists():
                self._staged(again.name).replace(self._kept(stored.name))
                sync_folder(self._packages)
                return True
        if self._sha256(stored.name) != stored.sha256:
            return False
        self.delete(again.name)
        return True

    def discard(self, name: str) -> None:
        self._staged(name).unlink(missing_ok=True)

    def delete(self, name: str) -> None:
        with self._replacing:
            self._staged(name).unlink(missing_ok=True)
            self._kept(name).unlink(missing_ok=True)

    def sweep(self, known: Set[str], older_than: float) -> int:
        until = time.time() - older_than
        old = [path for path in self._all() if path.stem not in known and path.stat().st_mtime <= until]
        for path in old:
            path.unlink(missing_ok=True)
        return len(old)

    def _sha256(self, name: str) -> str:
        """ "" if it is gone."""
        try:
            with closing(self.open(name)) as reader:
                return sha256(reader)
        except KeyError:
            return ""

    def _all(self) -> Iterator[Path]:
        yield from self._staging.iterdir()
        yield from self._packages.iterdir()

    def _staged(self, name: str) -> Path:
        return self._staging / f"{name}.zip"

    def _kept(self, name: str) -> Path:
        return self._packages / f"{name}.zip"


class FileReader:
    """Port Reader over one open file; pread needs no lock."""

    def __init__(self, path: Path) -> None:
        self._file: BinaryIO = path.open("rb", buffering=0)
        self._size = os.fstat(self._file.fileno()).st_size

    @property
    def size(self) -> int:
        return self._size

    def read_at(self, offset: int, length: int) -> bytes:
        return os.pread(self._file.fileno(), length, offset)

    def link(self, filename: str) -> str | None:
        """Always from here."""
        return None

    def descriptor(self) -> int | None:
        return self._file.fileno()

    def close(self) -> None:
        self._file.close()


def _bounded(chunks: Iterable[bytes], limit: int) -> Iterator[bytes]:
    size = 0
    for chunk in chunks:
        size += len(chunk)
        if size > limit:
            raise TooLarge(f"The zip has more than {limit:,} bytes, the most that a request may bring.")
        if chunk:
            yield chunk
