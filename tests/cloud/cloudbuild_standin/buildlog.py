"""A build's log as an object in the storage emulator: rewritten as it grows, as Cloud Build does."""

from __future__ import annotations

import threading
from urllib.parse import quote
from urllib.request import Request, urlopen

_EVERY = 0.5


class BuildLog:
    """bucket: gs://name, or with a folder. storage: URL of the emulator."""

    def __init__(self, storage: str, bucket: str, build_id: str) -> None:
        name, _, folder = bucket.removeprefix("gs://").partition("/")
        path = f"{folder}/log-{build_id}.txt".lstrip("/")
        self._address = f"{storage}/upload/storage/v1/b/{name}/o?uploadType=media&name={quote(path, safe='')}"
        self._text = bytearray()
        self._lock = threading.Lock()
        self._closed = threading.Event()
        self._written = 0
        self._writer = threading.Thread(target=self._write_now_and_then, daemon=True)
        self._writer.start()

    def add(self, line: str) -> None:
        with self._lock:
            self._text += line.rstrip("\n").encode() + b"\n"

    def close(self) -> None:
        """The object has the whole log when this returns."""
        self._closed.set()
        self._writer.join()
        self._write()

    def _write_now_and_then(self) -> None:
        while not self._closed.wait(_EVERY):
            self._write()

    def _write(self) -> None:
        with self._lock:
            text = bytes(self._text)
        if len(text) != self._written:
            urlopen(Request(self._address, text, {"Content-Type": "text/plain"})).close()
            self._written = len(text)
