"""Lays out the build context of a package in a build of Cloud Build: `lay.py ZIP RECIPE CONTEXT`.

RECIPE is the unpacked recipe (modelserver/gcp/recipe.py). Its manifest.json says what the zip must be, byte
for byte, and where each file lies in it, so that no zip is parsed here and no two readers of zips can
disagree. What is not as the server saw it when it checked the package ends the build. Python 3.9 or later,
standard library only.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

_CHUNK = 1024**2


def lay(zipped: Path, recipe: Path, context: Path) -> int:
    """Writes the context, a new folder; how many files the package has. Raises ValueError naming what differs."""
    manifest = json.loads((recipe / "manifest.json").read_text())
    _check_whole(zipped, manifest["SHA256"])
    for given in ("runtime", "model"):
        shutil.copytree(recipe / given, context / given)
    source = context / "model" / "src"
    source.mkdir()
    with zipped.open("rb") as file:
        for member in manifest["Members"]:
            _write(file, member, source)
    return len(manifest["Members"])


def _check_whole(zipped: Path, expected: str) -> None:
    """The zip is the one that the server checked: its SHA-256 is in the package's record."""
    digest = hashlib.sha256()
    with zipped.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    if digest.hexdigest() != expected:
        raise ValueError(f"the zip is not the one that was checked: its SHA-256 is not {expected}")


def _write(file: BinaryIO, member: dict[str, Any], source: Path) -> None:
    path = member["path"]
    if any(part in ("", ".", "..") for part in path.split("/")) or "\0" in path:
        raise ValueError(f"the manifest names {path!r}, which is no path inside the package")
    target = source / path
    target.parent.mkdir(parents=True, exist_ok=True)
    size = crc = 0
    with target.open("xb") as out:
        for chunk in _inflated(file, member):
            out.write(chunk)
            size, crc = size + len(chunk), zlib.crc32(chunk, crc)
    if (size, crc) != (member["size"], member["crc"]):
        raise ValueError(f"{path} is not the file that was checked: its size or checksum differs")
    target.chmod(0o755 if member["executable"] else 0o644)


def _inflated(file: BinaryIO, member: dict[str, Any]) -> Iterator[bytes]:
    """At most one chunk more than the file should have."""
    if not member["deflated"]:
        yield from _packed(file, member)
        return
    stream, left = zlib.decompressobj(-zlib.MAX_WBITS), member["size"]
    for packed in _packed(file, member):
        while packed and left >= 0:
            chunk = stream.decompress(packed, _CHUNK)
            packed, left = stream.unconsumed_tail, left - len(chunk)
            yield chunk


def _packed(file: BinaryIO, member: dict[str, Any]) -> Iterator[bytes]:
    file.seek(member["start"])
    left = member["packed"]
    while left and (chunk := file.read(min(left, _CHUNK))):
        left -= len(chunk)
        yield chunk


if __name__ == "__main__":
    try:
        count = lay(*map(Path, sys.argv[1:]))
    except (ValueError, OSError, zlib.error) as error:
        sys.exit(f"The package cannot be laid out: {error}.")
    print(f"The package has {count} files.")
