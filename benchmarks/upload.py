"""Uploads, to the answer 202: large and stored, large and deflated, and of many small files.

Each round starts the servers anew over an empty folder of the same file system; ours has checked one small zip
before the clock starts. Nothing is built meanwhile: the build that an upload starts ends with its server.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from urllib.request import Request, urlopen

from benchmarks import zips
from benchmarks.measuring import curl, in_turn, peak_memory, timed
from benchmarks.servers import Server, docker_registry, modelserver
from benchmarks.table import Row, megabytes, seconds
from benchmarks.work import CURL, DOCKER_REGISTRY, GIT, UNZIP, Scale, Work

_MOST_MEMORY = 150e6


class Uploader:
    """Uploads one zip to servers started anew. peak: the most memory that any of them had, in bytes."""

    def __init__(self, folder: Path, package: Path) -> None:
        self._folder = folder / "ours"
        self._package = package
        self._small = zips.small_files(folder / "small.zip", 1)
        self.peak = 0

    def __call__(self) -> float:
        body = ("--header", "Content-Type: application/zip", "--request", "POST", "--upload-file")
        with modelserver(self._folder) as server:
            curl("200", f"{server.packages}/check", *body, str(self._small))
            os.sync()
            upload = f"{server.packages}/upload"
            taken = curl("202", upload, "--header", "Prefer: respond-async", *body, str(self._package))
            self.peak = max(self.peak, peak_memory(server.pid))
        shutil.rmtree(self._folder)
        return taken


def _stored(scale: Scale, folder: Path) -> Iterator[Row]:
    package = zips.stored(folder / "package.zip", scale.mebibytes)
    ours = Uploader(folder, package)
    digest = _sha256(package)
    pairs = in_turn(ours, lambda: _pushed(folder / "theirs", package, digest), scale.rounds)
    work = f"upload of {scale.mebibytes} MiB, stored random bytes, to 202"
    yield Row.of(work, "docker-registry's blob PUT", pairs, seconds, 0.6)
    yield Row.of("its peak memory", "150 MB", [(ours.peak, _MOST_MEMORY)], megabytes, 1.0)


def _pushed(folder: Path, blob: Path, digest: str) -> float:
    with docker_registry(folder) as registry:
        os.sync()
        taken = _put(registry, blob, digest)
    shutil.rmtree(folder)
    return taken


def pushed(registry: Server, blob: Path) -> str:
    """Puts a blob into the repository bench/large; its digest."""
    digest = _sha256(blob)
    _put(registry, blob, digest)
    return f"sha256:{digest}"


def _put(registry: Server, blob: Path, digest: str) -> float:
    begin = Request(f"{registry.address}/v2/bench/large/blobs/uploads/", method="POST")
    with urlopen(begin) as answer:
        location = answer.headers["Location"]
    body = ("--header", "Content-Type: application/octet-stream", "--upload-file", str(blob))
    return curl("201", f"{location}&digest=sha256:{digest}", *body)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(zips.MIB):
            digest.update(chunk)
    return digest.hexdigest()


def _deflated(scale: Scale, folder: Path) -> Iterator[Row]:
    plain = folder / "text.txt"
    package = zips.deflated(folder / "package.zip", plain, scale.mebibytes)

    def by_hand() -> float:
        return timed(["unzip", "-tq", str(package)]) + timed(["git", "hash-object", str(plain)])

    pairs = in_turn(Uploader(folder, package), by_hand, scale.rounds)
    yield Row.of(
        f"upload of {scale.mebibytes} MiB of text, deflated, to 202", "unzip -t + git hash-object", pairs, seconds, 0.6
    )


def _small(scale: Scale, folder: Path) -> Iterator[Row]:
    package = zips.small_files(folder / "package.zip", scale.files)
    pairs = in_turn(Uploader(folder, package), lambda: timed(["unzip", "-tq", str(package)]), scale.rounds)
    yield Row.of(f"upload of {scale.files:,} files of 0 to 4 KiB, to 202", "unzip -t", pairs, seconds, 1.5)


WORKS = (
    Work("upload of large stored files", _stored, (CURL, DOCKER_REGISTRY)),
    Work("upload of large deflated files", _deflated, (CURL, UNZIP, GIT)),
    Work("upload of many small files", _small, (CURL, UNZIP)),
)
