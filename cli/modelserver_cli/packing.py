"""A directory as a zip: the same bytes each time for the same files, so that a cut upload can be taken up again."""

from __future__ import annotations

import stat
import zipfile
import zlib
from typing import BinaryIO

from modelserver_cli.folder import Entry, Folder
from modelserver_cli.identity import Advance, changed

# What the bytes of a zip depend on, beside its files.
RECIPE = f"1/{zlib.ZLIB_RUNTIME_VERSION}"
_CHUNK = 1024**2
_SAMPLE = 64 * 1024
_WORTH = 0.9
_BEGINNING = (1980, 1, 1, 0, 0, 0)
_UNIX = 3


def pack(folder: Folder, target: BinaryIO, advance: Advance) -> None:
    """Writes the zip. advance: told of each chunk's bytes, unpacked."""
    with zipfile.ZipFile(target, "w") as archive:
        for entry in folder.entries:
            _add(archive, entry, advance)


def _add(archive: zipfile.ZipFile, entry: Entry, advance: Advance) -> None:
    written = 0
    with entry.place.open("rb") as source:
        record = _record(entry, _compression(source, entry.size))
        with archive.open(record, "w") as sink:
            while chunk := source.read(_CHUNK):
                written += len(chunk)
                if written > entry.size:
                    break
                sink.write(chunk)
                advance(len(chunk))
    if written != entry.size:
        raise changed(entry)


def _record(entry: Entry, compression: int) -> zipfile.ZipInfo:
    record = zipfile.ZipInfo(entry.path.decode(), _BEGINNING)
    record.create_system = _UNIX
    record.external_attr = (stat.S_IFREG | (0o755 if entry.executable else 0o644)) << 16
    record.compress_type = compression
    record.file_size = entry.size  # decides whether the record is a wide one
    return record


def _compression(source: BinaryIO, size: int) -> int:
    """Weights seldom shrink, and cost seconds for each GB that is tried: a sample from the middle decides."""
    source.seek(max(0, size - _SAMPLE) // 2)
    sample = source.read(_SAMPLE)
    source.seek(0)
    shrinks = len(zlib.compress(sample, 1)) < _WORTH * len(sample)
    return zipfile.ZIP_DEFLATED if shrinks else zipfile.ZIP_STORED
