"""A package fetched: its zip, checked against its SHA-256 and its ID, as a file or unpacked."""

from __future__ import annotations

import hashlib
import re
import stat
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import httpx

from modelserver.tree import tree_id
from modelserver.zips.member import file_faults, is_litter
from modelserver_cli.exits import Exit
from modelserver_cli.failure import Failure
from modelserver_cli.patience import Patience
from modelserver_cli.refusal import unreachable
from modelserver_cli.screen import Bar, Screen
from modelserver_cli.server import Server

Object = dict[str, Any]

_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)  # as zipfile says it
_CHUNK = 1024**2
_NAME = re.compile(r"[a-z0-9][a-z0-9._-]*", re.ASCII)


def pull_zip(server: Server, package: Object, target: Path, screen: Screen) -> None:
    """The zip as a file, which appears when it is whole. Raises Failure."""
    _require_room(target)
    with _beside(target) as folder:
        with (folder / "zip").open("wb+") as file:
            _fetch(server, package, file, screen)
        (folder / "zip").replace(target)


def pull_files(server: Server, package: Object, target: Path, screen: Screen) -> None:
    """The files as a new directory, which appears when all is there. Raises Failure."""
    _require_room(target)
    with _beside(target) as folder, tempfile.TemporaryFile(prefix="modelserver-") as file:
        _fetch(server, package, file, screen)
        files = folder / "files"
        files.mkdir()
        _unpack(file, files, str(package["ID"]))
        files.replace(target)


def directory_for(package: Object) -> Path:
    """The last part of the model's name, if it is one; else the ID."""
    last = str(package.get("Name", "")).rpartition("/")[2]
    return Path(last if _NAME.fullmatch(last) else str(package["ID"]))


def _require_room(target: Path) -> None:
    if target.exists():
        raise Failure(Exit.USAGE, f"{target} is there already; nothing was fetched.", "name another place")
    if not target.parent.is_dir():
        raise Failure(Exit.USAGE, f"{target.parent} is no directory.", "make it, or name another place")


@contextmanager
def _beside(target: Path) -> Iterator[Path]:
    """A directory on the same disk; it is gone afterwards. Raises Failure USAGE for what the disk refuses."""
    try:
        with tempfile.TemporaryDirectory(prefix=".modelserver-", dir=target.parent) as folder:
            yield Path(folder)
    except OSError as error:
        raise Failure(Exit.USAGE, f"{target} cannot be written: {error.strerror}.") from None


def _fetch(server: Server, package: Object, file: BinaryIO, screen: Screen) -> None:
    """Goes on after a cut. Raises Failure NO_SERVER if what comes is not what the package says."""
    size, patience = int(package["Size"]), Patience(screen.say)
    digest = hashlib.sha256()
    with screen.bar("downloading", size) as bar:
        while file.tell() < size:
            before = file.tell()
            try:
                _receive(server, str(package["ID"]), file, digest, bar)
                if file.tell() == before:
                    break
            except Failure as failure:
                if not isinstance(failure.__cause__, httpx.HTTPError):
                    raise
                if file.tell() > before:
                    patience.renew()
                patience.spend(failure)
    if digest.hexdigest() != package["SHA256"] or file.tell() != size:
        raise Failure(Exit.NO_SERVER, f"The zip that came is not the one of {package['ID']}: its SHA-256 differs.")


def _receive(server: Server, package_id: str, file: BinaryIO, digest: Any, bar: Bar) -> None:
    start = file.tell()
    with server.zip(package_id, start) as answer:
        if start and answer.status_code != 206:
            raise Failure(Exit.NO_SERVER, "The server cannot go on with a zip that was cut.", "pull it again")
        try:
            for chunk in answer.iter_raw():
                file.write(chunk)
                digest.update(chunk)
                bar.advance(len(chunk))
        except httpx.HTTPError as error:
            raise unreachable(error, server.address) from error


def _unpack(file: BinaryIO, folder: Path, package_id: str) -> None:
    """Raises Failure if the files are not those that the ID names; names that lead elsewhere are not written."""
    try:
        with zipfile.ZipFile(file) as archive:
            records = [record for record in archive.infolist() if _is_wanted(record)]
            wrapper = _wrapper([record.filename for record in records])
            found = tree_id(_file(archive, record, folder, record.filename[wrapper:]) for record in records)
    except _BROKEN as error:
        raise Failure(Exit.NO_SERVER, f"The zip that came is broken: {error}.") from None
    if found != package_id:
        raise Failure(Exit.NO_SERVER, f"The files that came have the ID {found}, not {package_id}.")


def _is_wanted(record: zipfile.ZipInfo) -> bool:
    return not record.is_dir() and not is_litter(record.filename.encode())


def _wrapper(names: list[str]) -> int:
    """How many characters of each name are the one folder around everything; it is not part of the package."""
    length = names[0].find("/") + 1 if names else 0
    return length if all(name.startswith(names[0][:length]) for name in names) else 0


def _file(archive: zipfile.ZipFile, record: zipfile.ZipInfo, folder: Path, path: str) -> tuple[bytes, bool, bytes]:
    mode, is_unix = record.external_attr >> 16, record.create_system in (3, 19)
    for fault in file_faults(path.encode(), mode if is_unix else 0):
        raise Failure(Exit.NO_SERVER, f"The zip holds what no package may: {fault.pointer}: {fault.detail}.")
    executable = is_unix and bool(mode & stat.S_IXUSR)
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    digest = hashlib.sha1(b"blob %d\0" % record.file_size, usedforsecurity=False)
    with archive.open(record) as source, target.open("xb") as sink:
        while chunk := source.read(_CHUNK):
            digest.update(chunk)
            sink.write(chunk)
    if executable:
        target.chmod(target.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
    return path.encode(), executable, digest.digest()
