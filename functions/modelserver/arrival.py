"""Hashing the files of a zip while it arrives, so that a large upload is not read a second time for its ID.

What is found is a fact about bytes, "these bytes, from this offset on, have this hash": it holds whatever the
zip's headers claim, and is used only where the checked archive has a stored file at that very place.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

from isal import isal_zlib

_LOCAL = struct.Struct("<4s5H3L2H")
_EXTRA = struct.Struct("<2H")
_SIZES = struct.Struct("<2Q")
_MARK = b"PK\x03\x04"
_ENCRYPTED, _DESCRIPTOR = 0x1, 0x8
_STORED = 0
_WIDE, _WIDE_ID = 0xFFFFFFFF, 0x0001
# Smaller files cost more to follow than to read again.
_LARGE = 1024**2

Place = tuple[int, int]


@dataclass(frozen=True)
class Hashed:
    """Of the bytes at one place: CRC-32, and SHA-1 as a git blob."""

    crc: int
    blob: bytes


class Arrival:
    """Follows a zip from its first byte. hashed: by offset and size, the large stored files that have passed.

    It stops, without a word, at the first thing it does not know: all of it is judged later, from the whole.
    """

    def __init__(self) -> None:
        self.hashed: dict[Place, Hashed] = {}
        self._at = 0
        self._head = bytearray()
        self._head_size = _LOCAL.size
        self._left = 0
        self._file: _File | None = None
        self._lost = False

    def __call__(self, chunk: bytes) -> None:
        view = memoryview(chunk)
        while view and not self._lost:
            view = view[self._data(view) if self._left else (self._passed(view) or self._header(view)) :]

    def _passed(self, view: memoryview) -> int:
        """How many bytes of small members are here as a whole, from this header on: they are not followed."""
        at = 0
        while not self._head and at + _LOCAL.size <= len(view):
            mark, _, flags, _, _, _, _, packed, _, name, extra = _LOCAL.unpack_from(view, at)
            size = _LOCAL.size + name + extra + packed
            if mark != _MARK or flags & (_ENCRYPTED | _DESCRIPTOR) or packed >= _LARGE or at + size > len(view):
                break
            at += size
        self._at += at
        return at

    def _data(self, view: memoryview) -> int:
        part = view[: self._left]
        self._left -= len(part)
        self._at += len(part)
        if self._file:
            self._file.update(part)
            if not self._left:
                self.hashed[self._file.place] = self._file.hashed()
        return len(part)

    def _header(self, view: memoryview) -> int:
        part = view[: self._head_size - len(self._head)]
        self._head += part
        self._at += len(part)
        if len(self._head) == self._head_size:
            self._read()
        return len(part)

    def _read(self) -> None:
        """The fixed part of a local header first, then the whole with name and extra fields."""
        mark, _, flags, method, _, _, _, packed, size, name, extra = _LOCAL.unpack_from(self._head)
        whole = _LOCAL.size + name + extra
        if mark != _MARK or flags & (_ENCRYPTED | _DESCRIPTOR):
            self._lost = True
        elif len(self._head) < whole:
            self._head_size = whole
        else:
            if packed == _WIDE or size == _WIDE:
                size, packed = _wide(bytes(self._head[whole - extra :]))
            self._begin(packed, size, method)

    def _begin(self, packed: int, size: int, method: int) -> None:
        follow = method == _STORED and packed == size >= _LARGE
        self._file = _File(self._at, size) if follow else None
        self._left = packed
        self._head.clear()
        self._head_size = _LOCAL.size


class _File:
    def __init__(self, at: int, size: int) -> None:
        self.place: Place = (at, size)
        self._crc = 0
        self._blob = hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)

    def update(self, part: memoryview) -> None:
        self._crc = isal_zlib.crc32(part, self._crc)
        self._blob.update(part)

    def hashed(self) -> Hashed:
        return Hashed(self._crc, self._blob.digest())


def _wide(extra: bytes) -> tuple[int, int]:
    """Unpacked and packed size in a zip64 field (APPNOTE 4.5.3); zeros, and so nothing to follow, without one."""
    at = 0
    while at + _EXTRA.size <= len(extra):
        kind, length = _EXTRA.unpack_from(extra, at)
        at += _EXTRA.size
        if kind == _WIDE_ID and _SIZES.size <= length <= len(extra) - at:
            size, packed = _SIZES.unpack_from(extra, at)
            return size, packed
        at += length
    return 0, 0
