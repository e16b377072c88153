"""Checksums and inflate side by side, then the archive's own reading beside SHA-1 alone.

    python -m benchmarks.inflate [MEBIBYTES]

CRC-32 runs over random bytes in chunks of 1 MiB, inflate over deflated text in the archive's own chunks, each
on one thread and on two. "overlapped" hashes on a second thread what the first one reads and checks.
"""

from __future__ import annotations

import hashlib
import os
import sys
import tempfile
import time
import zipfile
import zlib
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Protocol

from isal import igzip_lib, isal_zlib
from zlib_ng import zlib_ng

from benchmarks.zips import text
from modelserver.archive import Archive, File, Limits, open_archive

MIB = 1024 * 1024
ROUNDS = 3
PACKED, UNPACKED = 64 * 1024, 256 * 1024
LIMITS = Limits(entries=100, unpacked=1 << 40, ratio=10_000)
Inflate = Callable[[bytes], int]


class OnDisk:
    """A Reader of a file."""

    def __init__(self, path: Path) -> None:
        self._file = os.open(path, os.O_RDONLY)
        self.size = path.stat().st_size

    def read_at(self, offset: int, length: int) -> bytes:
        return os.pread(self._file, length, offset)

    def link(self, filename: str) -> None:
        return None

    def descriptor(self) -> None:
        return None

    def close(self) -> None:
        os.close(self._file)


def chunked(data: bytes, length: int) -> Iterator[bytes]:
    return (data[at : at + length] for at in range(0, len(data), length))


def by_igzip(packed: bytes) -> int:
    stream, count = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_DEFLATE), 0
    for chunk in chunked(packed, PACKED):
        count += len(stream.decompress(chunk, UNPACKED))
        while not (stream.needs_input or stream.eof):
            count += len(stream.decompress(b"", UNPACKED))
    return count


def by_zlib(packed: bytes) -> int:
    return _zlib_like(zlib.decompressobj(wbits=-15), packed)


def by_zlib_ng(packed: bytes) -> int:
    return _zlib_like(zlib_ng.decompressobj(wbits=-15), packed)


class Stream(Protocol):
    """What zlib and zlib-ng call a decompressobj."""

    @property
    def unconsumed_tail(self) -> bytes: ...

    def decompress(self, data: bytes, max_length: int, /) -> bytes: ...


def _zlib_like(stream: Stream, packed: bytes) -> int:
    count = 0
    for chunk in chunked(packed, PACKED):
        count += len(stream.decompress(chunk, UNPACKED))
        while rest := stream.unconsumed_tail:
            count += len(stream.decompress(rest, UNPACKED))
    return count


def seconds(work: Callable[[], object], threads: int = 1) -> float:
    """The best of three; with several threads, all of them do the whole work."""
    best = float("inf")
    with ThreadPoolExecutor(threads) as pool:
        for _ in range(ROUNDS):
            started = time.perf_counter()
            for running in [pool.submit(work) for _ in range(threads)]:
                running.result()
            best = min(best, time.perf_counter() - started)
    return best


def show(what: str, who: str, mebibytes: int, work: Callable[[], object]) -> None:
    one, two = seconds(work), seconds(work, 2)
    speeds = (mebibytes * MIB / one / 1e6, 2 * mebibytes * MIB / two / 1e6)
    print(f"{what:12} {who:24} {one:8.3f} {speeds[0]:8.0f} {speeds[1]:8.0f}", flush=True)


def sha1(data: bytes) -> None:
    hashlib.sha1(data, usedforsecurity=False)


def libraries(mebibytes: int) -> None:
    blocks = [os.urandom(MIB) for _ in range(min(mebibytes, 128))]  # more than the processor's caches hold
    print(f"{f'{mebibytes} MiB':12} {'':24} {'seconds':>8} {'MB/s':>8} {'2 thr.':>8}")
    digesters: list[tuple[str, str, Callable[[bytes], object]]] = [
        ("SHA-1", "hashlib", sha1),
        ("CRC-32", "zlib", zlib.crc32),
        ("CRC-32", "zlib-ng", zlib_ng.crc32),
        ("CRC-32", "isal", isal_zlib.crc32),
    ]
    for what, who, digest in digesters:
        show(what, who, mebibytes, partial(repeat, digest, blocks, mebibytes))
    part = min(mebibytes, 64)
    stream = zlib.compressobj(6, wbits=-15)
    packed = stream.compress(text(part)) + stream.flush()
    inflaters: dict[str, Inflate] = {"zlib": by_zlib, "zlib-ng": by_zlib_ng, "isal": by_igzip}
    for who, inflate in inflaters.items():
        assert inflate(packed) == part * MIB
        show("inflate", who, mebibytes, partial(repeat, inflate, [packed], mebibytes // part))


def repeat(work: Callable[[bytes], object], blocks: list[bytes], times: int) -> None:
    for number in range(times):
        work(blocks[number % len(blocks)])


def write(path: Path, method: int, block: bytes, files: int, mebibytes: int) -> None:
    with zipfile.ZipFile(path, "w", method) as zip_file:
        zip_file.writestr("jid.yaml", "")
        for number in range(files):
            with zip_file.open(f"{number}.bin", "w", force_zip64=True) as member:
                for _ in range(0, mebibytes // files, len(block) // MIB):
                    member.write(block)


def overlapped(archive: Archive, file: File) -> None:
    blob = hashlib.sha1(usedforsecurity=False)
    with ThreadPoolExecutor(1) as pool:
        before: Future[None] = pool.submit(lambda: None)
        for chunk in archive.stream(file):
            before.result()
            before = pool.submit(blob.update, chunk)


def archives(mebibytes: int) -> None:
    cases = [
        ("stored", zipfile.ZIP_STORED, os.urandom(MIB)),
        ("deflated", zipfile.ZIP_DEFLATED, text(min(mebibytes // 4, 16))),
    ]
    print(f"\n{'archive':12} {'':24} {'seconds':>8} {'MB/s':>8}")
    for kind, method, block in cases:
        for files in (1, 4):
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "model.zip"
                write(path, method, block, files, mebibytes)
                archive = open_archive(OnDisk(path), LIMITS)
                report(archive, kind, files, mebibytes)


def report(archive: Archive, kind: str, files: int, mebibytes: int) -> None:
    title = f"{files} file{'s' if files > 1 else ''}"
    largest = max(archive.files, key=lambda file: file.size)
    works: dict[str, Callable[[], object]] = {
        "1 thread": lambda: archive.tree_id(1),
        "2 threads": lambda: archive.tree_id(2),
    }
    if files == 1:
        works["overlapped"] = lambda: overlapped(archive, largest)
        works["without SHA-1"] = lambda: [None for _ in archive.stream(largest)]
    for how, work in works.items():
        taken = seconds(work)
        print(f"{kind:12} {f'{title}, {how}':24} {taken:8.3f} {mebibytes * MIB / taken / 1e6:8.0f}", flush=True)


if __name__ == "__main__":
    asked = int(sys.argv[1]) if len(sys.argv) > 1 else 1024
    libraries(asked)
    archives(asked)
