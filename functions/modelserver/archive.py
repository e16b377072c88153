"""A zip, checked: every byte accounted for, every file read once and found true, its tree ID computed.

Nothing is unpacked to disk and no file is ever whole in memory. A zip is refused if two honest readers
could see different packages in it; the rules for its records are in zips/format, for its members
in zips/member. What honest tools write is taken: data descriptors, zip64, comments, extra fields, folders.

50,000 small files cost little but Python's own steps: so records are tuples and small files are read in one piece.

Checksums and inflate are isal's, at 23 and 1.4 GB/s on one core where zlib has 4.2 and 0.7 and zlib-ng
25 and 1.0 (benchmarks/inflate.py); beside SHA-1 at 1.9 GB/s the checksum then costs next to nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from operator import attrgetter
from types import MappingProxyType
from typing import NamedTuple, cast

from isal import igzip_lib, isal_zlib

from modelserver.arrival import Hashed, Place
from modelserver.errors import Fault, InvalidPackage
from modelserver.faults import Faults
from modelserver.package import PackageID
from modelserver.ports import Reader
from modelserver.tree import tree_id
from modelserver.zips.format import AGAIN, Member, Window, broken, find_directory, local_header, members
from modelserver.zips.framing import clashes, data_starts
from modelserver.zips.member import DEFLATED, is_executable, is_folder, is_litter, member_faults

CONFIG = "jid.yaml"
_INFLATE_ERROR = cast("type[Exception]", igzip_lib.IsalError)  # isal's type stubs call it an instance
_READ = 1024 * 1024
_LARGE = 4 * 1024 * 1024
_PACKED, _UNPACKED = 64 * 1024, 256 * 1024
_RUN = 1024 * 1024
# Files of zeroes are honest: only what unfolds beyond this can be a bomb (PyPI's limit, 64 MiB).
_NEVER_A_BOMB = 64 * 1024 * 1024
_NOTHING: Mapping[Place, Hashed] = MappingProxyType({})


@dataclass(frozen=True)
class Limits:
    """entries: files and folders; unpacked: bytes of all files together; ratio: unpacked to zip size."""

    entries: int
    unpacked: int
    ratio: int


class File(NamedTuple):
    """A file of the package. path: without the wrapper folder; size: bytes unpacked.

    The rest says where and how it lies in the zip: at offset `start`, `packed` bytes, CRC-32 `crc`.
    """

    path: str
    executable: bool
    size: int
    deflated: bool
    start: int
    packed: int
    crc: int


def open_archive(reader: Reader, limits: Limits) -> Archive:
    """Checks the zip's records, names and announced sizes; the files' bytes are checked as they are read.

    Raises InvalidPackage with every fault found.
    """
    directory = find_directory(reader)
    if directory.count > limits.entries:
        detail = f"the zip has {directory.count} entries; at most {limits.entries} are taken"
        raise broken("TOO_MANY_FILES", detail, "leave out what the model does not need")
    found = list(members(reader, directory))
    faults = Faults()
    for member in found:
        faults.add(member_faults(member))
    faults.add(_size_faults(found, reader.size, limits))
    faults.add(clashes(member.name for member in found))
    starts = data_starts(Window(reader), found, directory, faults)
    faults.settle("The zip")
    files = _files(found, starts)
    faults.add(_missing(files))
    faults.settle("The package")
    return Archive(reader, files)


def look_into(reader: Reader) -> Archive:
    """A zip that was checked when it came: only its directory is read now, and each file's header with the file.

    Raises InvalidPackage if it has been damaged since.
    """
    found = list(members(reader, find_directory(reader)))
    return _Checked(reader, _files(found, {member.start: member.start for member in found}))


def _size_faults(found: list[Member], zip_size: int, limits: Limits) -> Iterator[Fault]:
    total = sum(member.size for member in found)
    if total > limits.unpacked:
        detail = f"the files have {total} bytes; at most {limits.unpacked} are taken"
        yield Fault("", "TOO_LARGE_UNPACKED", detail, "leave out what the model does not need")
    elif total > max(_NEVER_A_BOMB, limits.ratio * zip_size):
        detail = f"{zip_size} bytes unfold to {total}, more than {limits.ratio} times as many"
        yield Fault("", "BOMB", detail, "store large empty files without compression: `zip -0`")


def _files(found: list[Member], starts: dict[int, int]) -> tuple[File, ...]:
    kept = [m for m in found if not is_folder(m) and not is_litter(m.name)]
    wrapper = _wrapper([member.name for member in kept])
    return tuple(
        File(
            path=member.name[wrapper:].decode("utf-8"),
            executable=is_executable(member),
            size=member.size,
            deflated=member.method == DEFLATED,
            start=starts[member.start],
            packed=member.packed,
            crc=member.crc,
        )
        for member in kept
    )


def _wrapper(names: list[bytes]) -> int:
    """How many bytes of each name are the one folder around everything."""
    length = names[0].find(b"/") + 1 if names else 0
    return length if all(name.startswith(names[0][:length]) for name in names) else 0


def _missing(files: tuple[File, ...]) -> Iterator[Fault]:
    paths = [file.path for file in files]
    if not paths:
        yield Fault("", "NO_FILES", "the zip has no files", "zip the model's folder: `zip -r model.zip .`")
    elif CONFIG not in paths:
        deeper = min((path for path in paths if path.endswith(f"/{CONFIG}")), key=len, default="")
        hint = f"zip the folder that holds {CONFIG}" + (f", here {deeper.rpartition('/')[0]}" if deeper else "")
        yield Fault(CONFIG, "NO_JID_YAML", f"the package has no {CONFIG} at its top", hint)


class Archive:
    """A zip whose records are sound. Files are checked as they are read; any number of threads may read."""

    def __init__(self, reader: Reader, files: tuple[File, ...]) -> None:
        self._reader = reader
        self.files = files
        self._by_path = {file.path: file for file in files}

    def find(self, path: str) -> File | None:
        return self._by_path.get(path)

    def read(self, path: str, limit: int) -> bytes:
        """The whole file. Raises KeyError if there is none, InvalidPackage if it exceeds `limit` bytes."""
        file = self._by_path[path]
        if file.size > limit:
            detail = f"the file has {file.size} bytes; at most {limit} are taken"
            raise broken("FILE_TOO_LARGE", detail, "make it smaller", path)
        return b"".join(self.stream(file))

    def stream(self, file: File) -> Iterator[bytes]:
        """The file's bytes in chunks of at most 1 MiB.

        Raises InvalidPackage, at the latest at the end, if they are not what the zip announced.
        """
        crc = size = 0
        for chunk in self._inflated(file) if file.deflated else self._packed(file, _READ):
            size += len(chunk)
            if size > file.size:
                break
            crc = isal_zlib.crc32(chunk, crc)
            yield chunk
        if size != file.size:
            raise broken("SIZE_DIFFERS", f"the file does not have the {file.size} bytes announced", AGAIN, file.path)
        if crc != file.crc:
            raise broken("CHECKSUM_DIFFERS", "the file is damaged: its checksum differs", AGAIN, file.path)

    def tree_id(self, threads: int, hashed: Mapping[Place, Hashed] = _NOTHING) -> PackageID:
        """Reads every file once, on so many threads, but for those hashed while the zip arrived.

        Raises InvalidPackage naming each that is not sound.
        """
        return tree_id((file.path.encode(), file.executable, blob) for file, blob in self.blobs(threads, hashed))

    def blobs(self, threads: int, hashed: Mapping[Place, Hashed] = _NOTHING) -> list[tuple[File, bytes]]:
        """Each file and the SHA-1 of its git blob, in no order; the same way, and raising the same."""
        # One shared iterator: whoever is free takes the next run, the largest first, so that all end together. The
        # rest comes in the zip's own order: a zip in the cloud is read in large ranges, each of them once.
        # A second thread for the checksum or inflate of a single large file was measured and gains nothing.
        todo = iter(sorted(_runs(self.files), key=lambda run: -run[0].size if run[0].packed > _LARGE else 0))
        with ThreadPoolExecutor(threads) as pool:
            shares = [pool.submit(self._digests, todo, hashed) for _ in range(threads)]
        digests = [digest for share in shares for digest in share.result()]
        faults = Faults()
        for _, found in digests:
            if isinstance(found, InvalidPackage):
                faults.add(found.faults)
        faults.settle("The package")
        return [(file, found) for file, found in digests if isinstance(found, bytes)]

    def _digests(
        self, todo: Iterator[list[File]], hashed: Mapping[Place, Hashed]
    ) -> list[tuple[File, bytes | InvalidPackage]]:
        digests: list[tuple[File, bytes | InvalidPackage]] = []
        for run in todo:
            if len(run) == 1:
                digests.append((run[0], _foreseen(run[0], hashed) or self._digest(run[0])))
            else:
                digests += self._digests_at_once(run)
        return digests

    def _digests_at_once(self, run: list[File]) -> Iterator[tuple[File, bytes | InvalidPackage]]:
        """Of small files that lie together, read in one piece. What is not sound is read again, to be named."""
        start, end = run[0].start, run[-1].start + run[-1].packed
        piece = self._reader.read_at(start, end - start)
        for file in run:
            at = file.start - start
            yield file, _digest_of_whole(file, piece[at : at + file.packed]) or self._digest(file)

    def _digest(self, file: File) -> bytes | InvalidPackage:
        blob = hashlib.sha1(b"blob %d\0" % file.size, usedforsecurity=False)
        try:
            for chunk in self.stream(file):
                blob.update(chunk)
        except InvalidPackage as bad:
            return bad
        return blob.digest()

    def _packed(self, file: File, length: int) -> Iterator[bytes]:
        end = file.start + file.packed
        for at in range(file.start, end, length):
            chunk = self._reader.read_at(at, min(length, end - at))
            if len(chunk) != min(length, end - at):
                raise broken("TRUNCATED", "the zip ends inside this file", AGAIN, file.path)
            yield chunk

    def _inflated(self, file: File) -> Iterator[bytes]:
        stream = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_DEFLATE)
        try:
            for packed in self._packed(file, _PACKED):
                if stream.eof:
                    break
                yield stream.decompress(packed, _UNPACKED)
                while not (stream.needs_input or stream.eof):
                    yield stream.decompress(b"", _UNPACKED)
            else:
                if stream.eof and not stream.unused_data:
                    return
        except _INFLATE_ERROR as bad:
            raise broken("BAD_DATA", f"the file cannot be inflated: {bad}", AGAIN, file.path) from bad
        raise broken("BAD_DATA", "the file's data does not end where the zip says", AGAIN, file.path)


def _runs(files: tuple[File, ...]) -> Iterator[list[File]]:
    """The files in the zip's order: small ones that lie within a MiB together, each other one alone."""
    run: list[File] = []
    for file in sorted(files, key=attrgetter("start")):
        small = file.packed <= _PACKED and file.size <= _UNPACKED
        if run and not (small and file.start + file.packed - run[0].start <= _RUN):
            yield run
            run = []
        run.append(file)
        if not small:
            yield run
            run = []
    if run:
        yield run


def _digest_of_whole(file: File, packed: bytes) -> bytes | None:
    """The git blob's SHA-1 of a small file's bytes as they lie in the zip; None if they are not what it announced."""
    content = packed
    if file.deflated:
        stream = igzip_lib.IgzipDecompressor(flag=igzip_lib.DECOMP_DEFLATE)
        try:
            content = stream.decompress(packed, file.size + 1)
        except _INFLATE_ERROR:
            return None
        if not stream.eof or stream.unused_data:
            return None
    if len(content) != file.size or isal_zlib.crc32(content) != file.crc:
        return None
    return hashlib.sha1(b"blob %d\0" % file.size + content, usedforsecurity=False).digest()


class _Checked(Archive):
    """Where a file of it starts is where its header starts."""

    def stream(self, file: File) -> Iterator[bytes]:
        _, start = local_header(Window(self._reader), file.start, self._reader.size)
        return super().stream(file._replace(start=start))


def _foreseen(file: File, hashed: Mapping[Place, Hashed]) -> bytes | None:
    """A damaged file is read again, to be named."""
    known = None if file.deflated else hashed.get((file.start, file.size))
    return known.blob if known and known.crc == file.crc else None
