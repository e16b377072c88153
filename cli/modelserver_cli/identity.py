"""The package ID of a directory: the git tree ID of its files, without git."""

from __future__ import annotations

import hashlib
from collections.abc import Callable

from modelserver.package import PackageID
from modelserver.tree import tree_id
from modelserver_cli.exits import Exit
from modelserver_cli.failure import Failure
from modelserver_cli.folder import Entry, Folder

Advance = Callable[[int], None]

_CHUNK = 1024**2


def package_id(folder: Folder, advance: Advance) -> PackageID:
    """Reads every file once. advance: told of each chunk's bytes. Raises Failure USAGE when one cannot be read."""
    return tree_id((entry.path, entry.executable, _blob(entry, advance)) for entry in folder.entries)


def _blob(entry: Entry, advance: Advance) -> bytes:
    digest = hashlib.sha1(b"blob %d\0" % entry.size, usedforsecurity=False)
    read = 0
    try:
        with entry.place.open("rb") as file:
            while chunk := file.read(_CHUNK):
                digest.update(chunk)
                advance(len(chunk))
                read += len(chunk)
    except OSError as error:
        raise Failure(Exit.USAGE, f"{entry.place} cannot be read: {error.strerror}.") from None
    if read != entry.size:
        raise changed(entry)
    return digest.digest()


def changed(entry: Entry) -> Failure:
    return Failure(Exit.USAGE, f"{entry.place} changed while it was read.", "try again when nothing writes to it")
