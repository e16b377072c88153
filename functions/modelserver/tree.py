"""The git tree ID of a set of files, computed without git.

A tree object lists its entries as "<mode> <name>\\0<20 bytes of SHA-1>", sorted by name with folders as
if they ended in "/"; its ID is the SHA-1 over "tree <length>\\0" and that list (git's documentation,
Git Internals, "Git Objects"; SWHID 1.2, section 5.3).
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable

from modelserver.package import PackageID

_FILE, _PROGRAM, _FOLDER = b"100644", b"100755", b"40000"


def tree_id(files: Iterable[tuple[bytes, bool, bytes]]) -> PackageID:
    """The ID of the tree of these files: path (parts divided by "/"), executable, SHA-1 of the git blob.

    Paths are distinct, and none is also a folder of another. No file at all is git's empty tree.
    """
    folders = _Folders()
    # Sorted by whole path, "a-b" < "a/b" < "a.b" comes out as git sorts the entries of each folder,
    # because every path inside "a" starts with "a/".
    within = b""
    for path, executable, digest in sorted(files):
        parent, _, name = path.rpartition(b"/")
        if parent != within:
            folders.enter(parent.split(b"/") if parent else [])
            within = parent
        folders.add(_PROGRAM if executable else _FILE, name, digest)
    return PackageID(folders.finish().hex())


class _Folders:
    """The folders from the root to the one being filled. Those before it are complete, and hashed."""

    def __init__(self) -> None:
        self._names: list[bytes] = []
        self._entries: list[bytearray] = [bytearray()]

    def enter(self, path: list[bytes]) -> None:
        while self._names != path[: len(self._names)]:
            self._leave()
        for name in path[len(self._names) :]:
            self._names.append(name)
            self._entries.append(bytearray())

    def add(self, mode: bytes, name: bytes, digest: bytes) -> None:
        self._entries[-1] += mode + b" " + name + b"\0" + digest

    def finish(self) -> bytes:
        while self._names:
            self._leave()
        return self._digest()

    def _leave(self) -> None:
        digest = self._digest()
        self._entries.pop()
        self.add(_FOLDER, self._names.pop(), digest)

    def _digest(self) -> bytes:
        entries = self._entries[-1]
        digest = hashlib.sha1(b"tree %d\0" % len(entries), usedforsecurity=False)
        digest.update(entries)
        return digest.digest()
