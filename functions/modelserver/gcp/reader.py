"""Reading a zip in a bucket in few, large ranges."""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import Future

from modelserver.errors import Unavailable
from modelserver.gcp.objects import Objects, Stored

BLOCK = 4 * 1024 * 1024
"""Bytes in one request: at tens of milliseconds for each, the wait is a small part of the transfer."""

_BLOCKS = 4


class CloudReader:
    """Port Reader over one generation of one object: no read ever mixes two zips.

    Blocks are fetched once for all threads that wait for them, and the last few stay: the many small reads of a
    check cost one request for each block. moved_to: the key where the object is if it has been kept meanwhile.
    """

    def __init__(self, objects: Objects, stored: Stored, moved_to: str, link_above: int) -> None:
        self._objects = objects
        self._stored = stored
        self._moved_to = moved_to
        self._link_above = link_above
        self._lock = threading.Lock()
        self._blocks: OrderedDict[int, Future[bytes]] = OrderedDict()

    @property
    def size(self) -> int:
        return self._stored.size

    def read_at(self, offset: int, length: int) -> bytes:
        """Raises Unavailable if the zip is deleted meanwhile."""
        stop = min(offset + length, self.size)
        return b"".join(
            self._block(start)[max(0, offset - start) : stop - start]
            for start in range(offset - offset % BLOCK, stop, BLOCK)
        )

    def link(self, filename: str) -> str | None:
        return self._objects.link(self._stored, filename) if self.size > self._link_above else None

    def descriptor(self) -> int | None:
        """It is in Cloud Storage."""
        return None

    def close(self) -> None:
        with self._lock:
            self._blocks.clear()

    def _block(self, start: int) -> bytes:
        with self._lock:
            block = self._blocks.get(start)
            fetching = block is None
            if block is None:
                block = self._blocks[start] = Future()
            self._blocks.move_to_end(start)
            while len(self._blocks) > _BLOCKS:
                self._blocks.popitem(last=False)
        if fetching:
            self._fill(block, start)
        return block.result()

    def _fill(self, block: Future[bytes], start: int) -> None:
        try:
            block.set_result(self._fetch(start, min(start + BLOCK, self.size)))
        except BaseException as error:
            with self._lock:
                self._blocks.pop(start, None)
            block.set_exception(error)

    def _fetch(self, start: int, stop: int) -> bytes:
        try:
            data = self._objects.fetch(self._stored, start, stop)
        except KeyError:
            data = self._fetch_moved(start, stop)
        if len(data) != stop - start:
            raise Unavailable("Cloud Storage sent fewer bytes than it has. Try again in a moment.")
        return data

    def _fetch_moved(self, start: int, stop: int) -> bytes:
        found = self._objects.look(self._moved_to)
        if found is None or not found.same_bytes(self._stored):
            raise Unavailable("The zip was deleted while it was being read.")
        self._stored = found
        try:
            return self._objects.fetch(found, start, stop)
        except KeyError:
            raise Unavailable("The zip was deleted while it was being read.") from None
