"""Folders for models that run: in the system's own folder, for the paths of sockets have to be short."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path


class Scratch:
    """They are named after the server's data folder, so that its next start finds what an end without warning left.

    kind: what runs there, in a word.
    """

    def __init__(self, kind: str, data: Path) -> None:
        owner = hashlib.sha256(str(data).encode()).hexdigest()[:12]
        self.prefix = f"modelserver-{kind}-{owner}-"

    def make(self) -> Path:
        return Path(tempfile.mkdtemp(prefix=self.prefix))

    def sweep(self) -> None:
        """At a start, when nothing runs."""
        for folder in Path(tempfile.gettempdir()).glob(f"{self.prefix}*"):
            shutil.rmtree(folder, ignore_errors=True)
