"""Large zips that go straight to the bucket: a resumable session of Cloud Storage, opened by this server.

Its URL lets whoever has it write this one object and nothing else; the service holds it to the size announced and
ends it after a week (cloud.google.com/storage/docs/resumable-uploads).
"""

from __future__ import annotations

import hashlib
import io
import re
import uuid

from modelserver.errors import Conflict
from modelserver.gcp.objects import Objects, Stored
from modelserver.gcp.storage import STAGING, CloudStorage, kept, staged
from modelserver.ports import Session, Upload

_NAME = re.compile(r"[0-9a-f]{32}", re.ASCII)


class CloudSessions:
    """Port Sessions. An empty object beside the zip's place says that a session was begun and is not used up."""

    def __init__(self, objects: Objects, storage: CloudStorage) -> None:
        self._objects = objects
        self._storage = storage

    def begin(self, size: int, address: str) -> Session:
        name = uuid.uuid4().hex
        self._objects.put(_begun(name), io.BytesIO(), 0)
        return Session(name, self._objects.session(staged(name), size))

    def finish(self, name: str) -> Upload:
        stored = self._storage.find(name) if _NAME.fullmatch(name) else None
        if stored is None:
            raise self._missing(name)
        try:
            upload = self._digested(name, stored)
        except KeyError:  # another try has just kept it
            stored = self._objects.look(kept(name))
            if stored is None:
                raise
            upload = self._digested(name, stored)
        self._objects.remove(_begun(name))
        return upload

    def _digested(self, name: str, stored: Stored) -> Upload:
        digest = _Digest()
        self._objects.stream(stored, digest)
        return Upload(name, stored.size, digest.sha256.hexdigest())

    def _missing(self, name: str) -> Exception:
        if not _NAME.fullmatch(name) or self._objects.look(_begun(name)) is None:
            return KeyError(name)
        return Conflict("The zip has not wholly arrived; PUT the rest to the session's Location.")


class _Digest:
    """A stream that keeps nothing but the SHA-256 of what is written to it."""

    def __init__(self) -> None:
        self.sha256 = hashlib.sha256()

    def write(self, data: bytes, /) -> int:
        self.sha256.update(data)
        return len(data)


def _begun(name: str) -> str:
    return f"{STAGING}{name}.session"
