"""The build context of a package: a tar stream, made while the engine reads it; nothing is unpacked.

Dockerfile           as given
runtime/jid/*.py     the library that travels inside the image
model/jid.json       {"ID", "Name", "Model", "Examples"}: what the runtime must know of the package
model/src/...        the package's files

The same package gives the same bytes: no times, no owners, two modes.
"""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from modelserver.archive import Archive
from modelserver.package import Package

_BLOCK = tarfile.BLOCKSIZE
_END = b"\0" * (2 * _BLOCK)
_SOURCE = "model/src/"


def context(package: Package, archive: Archive, dockerfile: str, runtime: Path) -> Iterator[bytes]:
    """The context as the chunks of a tar file (POSIX pax).

    runtime: the folder of the `jid` library. Raises InvalidPackage if a file of the archive cannot be read.
    """
    paths = [_SOURCE + file.path for file in archive.files]
    libraries = {f"runtime/jid/{path.relative_to(runtime).as_posix()}": path for path in sorted(runtime.rglob("*.py"))}
    yield from _folders(["model/src/", *libraries, *paths])
    yield from _file("Dockerfile", [dockerfile.encode()])
    for name, path in libraries.items():
        yield from _file(name, [path.read_bytes()])
    yield from _file("model/jid.json", [about(package)])
    for file in archive.files:
        yield _header(_SOURCE + file.path, 0o755 if file.executable else 0o644, file.size)
        yield from archive.stream(file)
        yield _padding(file.size)
    yield _END


def about(package: Package) -> bytes:
    return json.dumps(package.to_runtime(), indent=1).encode()


def _folders(paths: Iterable[str]) -> Iterator[bytes]:
    """Every folder by name, parents first: left to itself, the engine makes them with modes of its own."""
    folders = {str(parent) for path in paths for parent in PurePosixPath(path + "x").parents}
    for folder in sorted(folders - {"."}):
        yield _header(folder, 0o755, 0, tarfile.DIRTYPE)


def _file(name: str, content: list[bytes]) -> Iterator[bytes]:
    size = sum(map(len, content))
    yield _header(name, 0o644, size)
    yield from content
    yield _padding(size)


def _header(name: str, mode: int, size: int, kind: bytes = tarfile.REGTYPE) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.mode, entry.size, entry.type = mode, size, kind
    return entry.tobuf(tarfile.PAX_FORMAT)


def _padding(size: int) -> bytes:
    return b"\0" * (-size % _BLOCK)
