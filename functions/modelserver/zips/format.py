"""The records of a zip: its end, its directory, its local headers. Parsed, compared, believed only if equal.

Field names and layouts are those of PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 to 4.6. Python's own zipfile
reads what contradicts itself (two names, two sizes, two directories) and so would let two readers see two
packages in one zip; here each contradiction is a Fault.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from modelserver.errors import Fault, InvalidPackage
from modelserver.faults import sentence
from modelserver.ports import Reader

AGAIN = "zip the folder again, for example with `zip -r model.zip .` inside it"
_CUT_SHORT = "the upload may have been cut short: send it again, or " + AGAIN
_ONE_PART = "make it as one file: `zip -s 0 parts.zip --out model.zip`"

_END = struct.Struct("<4s4H2LH")
_LOCATOR = struct.Struct("<4sLQL")
_WIDE_END = struct.Struct("<4sQ2H2L4Q")
_CENTRAL = struct.Struct("<4s6H3L5H2L")
_LOCAL = struct.Struct("<4s5H3L2H")
_CENTRAL_LENGTHS, _LOCAL_LENGTHS = slice(10, 13), slice(9, 11)
_END_MARK, _LOCATOR_MARK, _WIDE_END_MARK = b"PK\5\6", b"PK\6\7", b"PK\6\6"
_CENTRAL_MARK, _LOCAL_MARK, _DESCRIPTOR_MARK = b"PK\1\2", b"PK\3\4", b"PK\7\10"
_MAX_COMMENT = 65_535
_AHEAD = 65_536
_MAX_DIRECTORY = 64 * 1024 * 1024

_WIDE_FIELDS = ((0xFFFFFFFF, 8), (0xFFFFFFFF, 8), (0xFFFFFFFF, 8), (0xFFFF, 4))
_WIDE_EXTRA, _UNICODE_NAME_EXTRA = 0x0001, 0x7075
_MEANT = {_WIDE_EXTRA, _UNICODE_NAME_EXTRA}
# Times and owner, as Info-ZIP's zip gives them to each file (extrafld.txt: UT, ux).
_USUAL_EXTRA = re.compile(rb"(?:UT(?:\x05\0.{5}|\x09\0.{9}|\x0d\0.{13})|ux\x0b\0.{11})*", re.DOTALL)

ENCRYPTED = 0x0001 | 0x0040 | 0x2000
STREAMED = 0x0008
UTF_8 = 0x0800
COMPARED = ENCRYPTED | STREAMED | UTF_8


def broken(code: str, detail: str, hint: str = AGAIN, pointer: str = "") -> InvalidPackage:
    """A zip with one fault. pointer: the member's path, or "" for the zip as a whole."""
    fault = Fault(pointer, code, detail, hint)
    return InvalidPackage(sentence(fault), faults=[fault])


@dataclass(frozen=True)
class Directory:
    """Where the central directory lies: bytes from `offset` on, `size` of them, `count` records."""

    offset: int
    size: int
    count: int


class Header(NamedTuple):
    """What a header says of a member. packed and size: bytes in the zip and unpacked; crc: CRC-32."""

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int


class Member(NamedTuple):
    """One record of the central directory: a Header's fields, and start: offset of the local header it stands for.

    system: where it was made (3 is Unix, 19 macOS); mode: the Unix mode, 0 if none; folder: the DOS bit.
    """

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int
    system: int
    mode: int
    folder: bool
    start: int

    @property
    def header(self) -> Header:
        return Header._make(self[:6])


def shown(name: bytes) -> str:
    """A member's name, fit to stand in an error whatever it holds."""
    text = name[:1000].decode("utf-8", "backslashreplace")
    return text if len(text) <= 200 else f"{text[:200]}..."


class Window:
    """Reads a zip front to back in few ranges: each one runs ahead of what was asked for. held: the last one."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._start = 0
        self.held = b""

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes. Raises InvalidPackage if the zip ends before."""
        at = self.hold(offset, length)
        return self.held[at : at + length]

    def hold(self, offset: int, length: int) -> int:
        """Where in `held` these bytes begin; all of them are there. Raises InvalidPackage if the zip ends before."""
        at = offset - self._start
        if at < 0 or at + length > len(self.held):
            self._fetch(offset, length)
            return 0
        return at

    def record(
        self, offset: int, layout: struct.Struct, lengths: slice, border: int
    ) -> tuple[tuple[Any, ...], bytes | None]:
        """A record's fixed fields and what follows them, None if that would cross `border`; it is not read then.

        lengths: which of the fields add up to the length of what follows.
        """
        at = self.hold(offset, layout.size)
        fields = layout.unpack_from(self.held, at)
        size, length = layout.size, sum(fields[lengths])
        if offset + size + length > border:
            return fields, None
        if at + size + length > len(self.held):
            return fields, self.read(offset + size, length)
        return fields, self.held[at + size : at + size + length]

    def _fetch(self, offset: int, length: int) -> None:
        if offset < 0 or offset + length > self._reader.size:
            raise broken("TRUNCATED", f"a record at byte {offset} lies outside the zip", _CUT_SHORT)
        self._start, self.held = offset, self._reader.read_at(offset, max(length, _AHEAD))
        if len(self.held) < length:
            raise broken("TRUNCATED", f"the zip ends inside a record at byte {offset}", _CUT_SHORT)


def find_directory(reader: Reader) -> Directory:
    """Reads the end of the zip. Raises InvalidPackage unless it says one thing and nothing lies behind it."""
    window = Window(reader)
    tail_at = max(0, reader.size - _END.size - _MAX_COMMENT)
    tail = window.read(tail_at, reader.size - tail_at)
    end_at = tail_at + _find_end(tail, reader)
    numbers: tuple[int, ...] = _END.unpack_from(tail, end_at - tail_at)[1:7]
    records_end = end_at
    locator_at = end_at - _LOCATOR.size
    if locator_at >= 0 and window.read(locator_at, 4) == _LOCATOR_MARK:
        records_end, numbers = _wide_end(window, locator_at, numbers)
    return _directory(numbers, records_end)


def _find_end(tail: bytes, reader: Reader) -> int:
    found = [at for at in _occurrences(tail, _END_MARK) if at + _END.size <= len(tail)]
    fitting = [at for at in found if at + _END.size + _END.unpack_from(tail, at)[-1] == len(tail)]
    if not found and reader.read_at(0, 4) == _LOCAL_MARK:
        raise broken("TRUNCATED", "the zip has no end record", _CUT_SHORT)
    if not found:
        detail = "the upload is empty" if not tail else "the upload is not a zip: it has no end record"
        raise broken("NOT_A_ZIP", detail, "send a zip, for example one made with `zip -r model.zip .`")
    if not fitting:
        raise broken("TRAILING_DATA", "the zip's end record is not the end of the file")
    if fitting != found[-1:]:
        raise broken("TWO_ENDS", "the zip can be read as ending in two places")
    return fitting[0]


def _occurrences(data: bytes, mark: bytes) -> Iterator[int]:
    at = data.find(mark)
    while at >= 0:
        yield at
        at = data.find(mark, at + 1)


def _wide_end(window: Window, at: int, narrow: tuple[int, ...]) -> tuple[int, tuple[int, ...]]:
    """Follows the zip64 locator at `at`: where the zip64 end record starts, and what it says."""
    _, disk, wide_at, disks = _LOCATOR.unpack(window.read(at, _LOCATOR.size))
    if disk or disks > 1 or wide_at + _WIDE_END.size != at:
        raise broken("BAD_ZIP64", "the zip64 locator does not point at a zip64 end record right before it")
    mark, length, _, _, *wide = _WIDE_END.unpack(window.read(wide_at, _WIDE_END.size))
    if mark != _WIDE_END_MARK or length != _WIDE_END.size - 12:
        raise broken("BAD_ZIP64", "the zip64 end record is malformed")
    limits = (0xFFFF, 0xFFFF, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF)
    if any(n not in (limit, w) for n, w, limit in zip(narrow, wide, limits, strict=True)):
        raise broken("BAD_ZIP64", "the zip's two end records contradict each other")
    return wide_at, tuple(wide)


def _directory(numbers: tuple[int, ...], records_end: int) -> Directory:
    disk, first_disk, here, count, size, offset = numbers
    if disk or first_disk or here != count:
        raise broken("MULTIPLE_DISKS", "the zip is one part of several", _ONE_PART)
    if offset + size < records_end:
        detail = f"{records_end - offset - size} bytes of the zip belong to no record"
        raise broken("HIDDEN_DATA", detail, "send a plain zip without anything before, between or after")
    if offset + size > records_end:
        raise broken("BAD_DIRECTORY", "the zip's directory does not lie where its end record says")
    if size > _MAX_DIRECTORY:
        raise broken("TOO_MANY_FILES", f"the zip's directory has {size} bytes; at most {_MAX_DIRECTORY} are taken")
    return Directory(offset, size, count)


def members(reader: Reader, directory: Directory) -> Iterator[Member]:
    """The records of the central directory, exactly as many and as long as announced."""
    window, at, end = Window(reader), directory.offset, directory.offset + directory.size
    for number in range(directory.count):
        if at + _CENTRAL.size > end:
            detail = f"the zip's directory announces {directory.count} records and has {number}"
            raise broken("BAD_DIRECTORY", detail)
        fields, tail = window.record(at, _CENTRAL, _CENTRAL_LENGTHS, end)
        if fields[0] != _CENTRAL_MARK or tail is None:
            raise broken("BAD_DIRECTORY", f"record {number + 1} of the zip's directory is malformed")
        yield _member(fields, tail)
        at += _CENTRAL.size + len(tail)
    if at != end:
        raise broken("BAD_DIRECTORY", f"the zip's directory goes on after its {directory.count} records")


def _member(fields: tuple[Any, ...], tail: bytes) -> Member:
    _, made, _, flags, method, _, _, crc, packed, size, named, extra, _, disk, _, attributes, start = fields
    name = tail[:named]
    wide = _wide_extra(name, tail[named : named + extra])
    if wide is not None:
        size, packed, start, disk = _widen(name, (size, packed, start, disk), wide)
    if disk:
        raise broken("MULTIPLE_DISKS", "this file lies in another part of the zip", _ONE_PART, shown(name))
    system, mode, folder = made >> 8, attributes >> 16, attributes & 0x10 != 0
    return Member(name, flags, method, crc, packed, size, system, mode, folder, start)


def local_header(window: Window, at: int, border: int) -> tuple[tuple[bytes, int, int, int, int, int], int]:
    """The fields of the local header at offset `at`, and the offset of the data behind it.

    Nothing from `border` on is read, so that headers laid over one another cost no more than others.
    """
    if at + _LOCAL.size > border:
        raise broken("OVERLAP", "the file's header runs into the next record")
    fields, tail = window.record(at, _LOCAL, _LOCAL_LENGTHS, border)
    mark, _, flags, method, _, _, crc, packed, size, named, _ = fields
    if mark != _LOCAL_MARK:
        raise broken("BAD_HEADER", f"there is no file header at byte {at}, where the zip's directory says")
    if tail is None:
        raise broken("OVERLAP", "the file's header runs into the next record")
    name = tail[:named]
    wide = _wide_extra(name, tail[named:])
    if wide is not None:
        size, packed = _widen(name, (size, packed), wide)
    return (name, flags, method, crc, packed, size), at + _LOCAL.size + len(tail)


def _wide_extra(name: bytes, blob: bytes) -> bytes | None:
    """The zip64 extra field, if there is one. Refuses what would give the member a second name."""
    if _USUAL_EXTRA.fullmatch(blob):
        return None
    found: dict[int, bytes] = {}
    at = 0
    while at + 4 <= len(blob):
        kind, length = struct.unpack_from("<2H", blob, at)
        if at + 4 + length > len(blob) or (kind in found and kind in _MEANT):
            raise broken("BAD_HEADER", "the extra fields are malformed", pointer=shown(name))
        found[kind] = blob[at + 4 : at + 4 + length]
        at += 4 + length
    if found.get(_UNICODE_NAME_EXTRA, bytes(5) + name)[5:] != name:
        raise broken("TWO_NAMES", "the Unicode extra field holds another name", pointer=shown(name))
    return found.get(_WIDE_EXTRA)


def _widen(name: bytes, narrow: tuple[int, ...], wide: bytes) -> tuple[int, ...]:
    """Puts the zip64 field's values in. It lists the fields that are marked, or the first few of all."""
    fields = list(zip(narrow, _WIDE_FIELDS, strict=False))
    marked = [index for index, (value, (mark, _)) in enumerate(fields) if value == mark]
    leading = next((n for n in range(len(fields) + 1) if len(wide) == sum(w for _, (_, w) in fields[:n])), 0)
    listed = marked
    if len(wide) != sum(_WIDE_FIELDS[index][1] for index in marked):
        listed = list(range(leading))
    values, at = list(narrow), 0
    for index in listed:
        width = _WIDE_FIELDS[index][1]
        values[index] = int.from_bytes(wide[at : at + width], "little")
        at += width
    honest = all(index in marked or values[index] == narrow[index] for index in listed)
    if at != len(wide) or not honest or not set(marked) <= set(listed):
        raise broken("BAD_ZIP64", "the zip64 field contradicts the header", pointer=shown(name))
    return tuple(values)


def is_descriptor(found: bytes, header: Header) -> bool:
    """Whether these bytes are the member's data descriptor: with or without a mark, narrow or wide."""
    numbers = (header.crc, header.packed, header.size)
    forms = ["<LQQ"] if max(numbers) > 0xFFFFFFFF else ["<LLL", "<LQQ"]
    bodies = [struct.pack(form, *numbers) for form in forms]
    return any(found in (body, _DESCRIPTOR_MARK + body) for body in bodies)
