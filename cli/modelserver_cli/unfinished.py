"""Uploads that were cut off, remembered on this machine so that the next `push` goes on where they ended."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True)
class Session:
    """An upload session of the server's: its name, and where the zip's bytes go."""

    name: str
    location: str


class Unfinished:
    """One session for each server and zip. What cannot be kept or read is as if it were not there."""

    def __init__(self, server: str, zip_key: str) -> None:
        cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
        key = hashlib.sha256(f"{server} {zip_key}".encode()).hexdigest()[:32]
        self._path = Path(cache) / "modelserver" / "uploads" / f"{key}.json"

    def read(self) -> Session | None:
        try:
            known = json.loads(self._path.read_bytes())
            return Session(str(known["name"]), str(known["location"]))
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def keep(self, session: Session) -> None:
        """For this user alone: whoever knows a session may write to it."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self.forget()
            descriptor = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w") as file:
                json.dump(asdict(session), file)
        except OSError:
            return

    def forget(self) -> None:
        try:
            self._path.unlink(missing_ok=True)
        except OSError:
            return
