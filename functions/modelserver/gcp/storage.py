"""Zips in a bucket of Cloud Storage: `staging/<name>.zip` while they are checked, then `packages/<name>.zip`.

The keys end in .zip on purpose: Cloud Build chooses the unpacker by the suffix
(github.com/GoogleCloudPlatform/buildpacks, issue 172). Objects are moved, never copied, and never replaced.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Set
from datetime import datetime, timedelta, timezone
from pathlib import PurePosixPath

from modelserver.errors import Conflict, Problem, Unavailable
from modelserver.gcp.incoming import Incoming
from modelserver.gcp.objects import PIECE, Objects, Stored
from modelserver.gcp.reader import CloudReader
from modelserver.ports import Upload

RESPONSE_LIMIT = 10_000_000
"""The most bytes in a function's answer that is streamed, as zips are; it is 32 MB for one made in one piece
(docs.cloud.google.com/functions/quotas)."""

STAGING, PACKAGES = "staging/", "packages/"


def staged(name: str) -> str:
    """The key of a zip that is being checked."""
    return f"{STAGING}{name}.zip"


def kept(name: str) -> str:
    """The key of a zip that stays."""
    return f"{PACKAGES}{name}.zip"


class CloudStorage:
    """Port Storage. Zips larger than `link_above` bytes are downloaded by a link, not through this server.

    What this process has staged or found staged it remembers by generation until it is kept or gone: what is
    checked and what is kept are the same bytes, and neither needs to be looked up.
    """

    def __init__(self, objects: Objects, link_above: int = RESPONSE_LIMIT) -> None:
        self._objects = objects
        self._link_above = link_above
        self._seen: dict[str, Stored] = {}

    def receive(self, chunks: Iterable[bytes], limit: int) -> Upload:
        """Up to PIECE bytes come before anything is sent; of more, an unfinished session may stay, which is no
        object, cannot be read, and ends within a week."""
        incoming = Incoming(chunks, limit)
        name = uuid.uuid4().hex
        size = incoming.size_within(PIECE)
        try:
            stored = self._objects.put(staged(name), incoming, size)
            if stored.crc32c != incoming.crc32c:
                raise Unavailable("The zip was damaged on its way to Cloud Storage. Send it again.")
        except BaseException:
            if incoming.failure:
                raise incoming.failure from None
            self._clear(staged(name))
            raise
        self._seen[name] = stored
        return Upload(name, incoming.size, incoming.sha256)

    def keep(self, name: str) -> None:
        checked = self._seen.pop(name, None) or self._objects.look(staged(name))
        if checked and self._objects.move(checked, kept(name)):
            return
        there = self._objects.look(kept(name)) or self._objects.look(staged(name))
        if there is None:
            raise KeyError(name)
        if there.key != kept(name) or (checked and not there.same_bytes(checked)):
            raise Conflict("Another zip came in the place of the one that was checked. Send yours again.")

    def open(self, name: str) -> CloudReader:
        stored = self.find(name)
        if stored is None:
            raise KeyError(name)
        return CloudReader(self._objects, stored, kept(name), self._link_above)

    def mend(self, stored: Upload, again: Upload) -> bool:
        """Cloud Storage sees to the bytes that it has: they can only be gone."""
        found = self._objects.look(kept(stored.name))
        if found is None or found.size != stored.size:
            return False
        self.delete(again.name)
        return True

    def discard(self, name: str) -> None:
        self._seen.pop(name, None)
        self._objects.remove(staged(name))

    def delete(self, name: str) -> None:
        self.discard(name)
        self._objects.remove(kept(name))

    def sweep(self, known: Set[str], older_than: float) -> int:
        """In the cloud the bucket's lifecycle does this for what is staged; the rest takes a listing of it all."""
        until = datetime.now(timezone.utc) - timedelta(seconds=older_than)
        swept = 0
        for prefix in (STAGING, PACKAGES):
            for key, came in self._objects.listed(prefix):
                name = PurePosixPath(key).stem
                if came <= until and name not in known:
                    self._seen.pop(name, None)
                    self._objects.remove(key)
                    swept += key.endswith(".zip")
        return swept

    def find(self, name: str) -> Stored | None:
        """The zip as it is now. Kept is asked for twice: one look may miss it before, the next after its move."""
        if known := self._seen.get(name):
            return known
        if found := self._objects.look(kept(name)):
            return found
        if found := self._objects.look(staged(name)):
            self._seen[name] = found
            return found
        return self._objects.look(kept(name))

    def _clear(self, key: str) -> None:
        """Of an upload whose end is not known; if this fails too, the bucket's lifecycle takes it."""
        try:
            self._objects.remove(key)
        except Problem:
            return
