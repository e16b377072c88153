"""The records of a zip: its end, its directory, its local headers. Parsed, compared, believed only if equal.

Field names and layouts are those of PKWARE's APPNOTE.TXT 6.3.10, sections 4.3 to 4.6. Python's own zipfile
reads what contradicts itself (two names, two sizes, two directories) and so would let two readers see two
packages in one zip; here each contradiction is a Fault.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass

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
_END_MARK, _LOCATOR_MARK, _WIDE_END_MARK = b"PK\5\6", b"PK\6\7", b"PK\6\6"
_CENTRAL_MARK, _LOCAL_MARK, _DESCRIPTOR_MARK = b"PK\1\2", b"PK\3\4", b"PK\7\10"
_MAX_COMMENT = 65_535
_AHEAD = 65_536
_MAX_DIRECTORY = 64 * 1024 * 1024

_WIDE_FIELDS = ((0xFFFFFFFF, 8), (0xFFFFFFFF, 8), (0xFFFFFFFF, 8), (0xFFFF, 4))
_WIDE_EXTRA, _UNICODE_NAME_EXTRA = 0x0001, 0x7075
_MEANT = {_WIDE_EXTRA, _UNICODE_NAME_EXTRA}

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


@dataclass(frozen=True, slots=True)
class Header:
    """What a header says of a member. packed and size: bytes in the zip and unpacked; crc: CRC-32."""

    name: bytes
    flags: int
    method: int
    crc: int
    packed: int
    size: int


@dataclass(frozen=True, slots=True)
class Member:
    """One record of the central directory. start: offset of the local header it stands for.

    system: where it was made (3 is Unix, 19 macOS); mode: the Unix mode, 0 if none; folder: the DOS bit.
    """

    header: Header
    system: int
    mode: int
    folder: bool
    start: int


def shown(name: bytes) -> str:
    """A member's name, fit to stand in an error whatever it holds."""
    text = name[:1000].decode("utf-8", "backslashreplace")
    return text if len(text) <= 200 else f"{text[:200]}..."


class Window:
    """Reads a zip front to back in few ranges: each one runs ahead of what was asked for."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._start = 0
        self._bytes = b""

    def read(self, offset: int, length: int) -> bytes:
        """Exactly `length` bytes. Raises InvalidPackage if the zip ends before."""
        if offset < 0 or offset + length > self._reader.size:
            raise broken("TRUNCATED", f"a record at byte {offset} lies outside the zip", _CUT_SHORT)
        at = offset - self._start
        if at < 0 or at + length > len(self._bytes):
            self._start, at = offset, 0
            self._bytes = self._reader.read_at(offset, max(length, _AHEAD))
        found = self._bytes[at : at + length]
        if len(found) != length:
            raise broken("TRUNCATED", f"the zip ends inside a record at byte {offset}", _CUT_SHORT)
        return found


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
        fields = _CENTRAL.unpack(window.read(at, _CENTRAL.size))
        lengths = fields[10:13]
        at += _CENTRAL.size
        if fields[0] != _CENTRAL_MARK or at + sum(lengths) > end:
            raise broken("BAD_DIRECTORY", f"record {number + 1} of the zip's directory is malformed")
        yield _member(fields, window.read(at, sum(lengths)))
        at += sum(lengths)
    if at != end:
        raise broken("BAD_DIRECTORY", f"the zip's directory goes on after its {directory.count} records")


def _member(fields: tuple[int, ...], tail: bytes) -> Member:
    _, made, _, flags, method, _, _, crc, packed, size, named, extra, _, disk, _, attributes, start = fields
    name = tail[:named]
    wide = _wide_extra(name, tail[named : named + extra])
    size, packed, start, disk = _widen(name, (size, packed, start, disk), wide)
    if disk:
        raise broken("MULTIPLE_DISKS", "this file lies in another part of the zip", _ONE_PART, shown(name))
    header = Header(name, flags, method, crc, packed, size)
    return Member(header, made >> 8, attributes >> 16, bool(attributes & 0x10), start)


def local_header(window: Window, at: int, border: int) -> tuple[Header, int]:
    """The local header at offset `at`, and the offset of the data behind it.

    Nothing from `border` on is read, so that headers laid over one another cost no more than others.
    """
    if at + _LOCAL.size > border:
        raise broken("OVERLAP", "the file's header runs into the next record")
    fields = _LOCAL.unpack(window.read(at, _LOCAL.size))
    mark, _, flags, method, _, _, crc, packed, size, named, extra = fields
    if mark != _LOCAL_MARK:
        raise broken("BAD_HEADER", f"there is no file header at byte {at}, where the zip's directory says")
    if at + _LOCAL.size + named + extra > border:
        raise broken("OVERLAP", "the file's header runs into the next record")
    tail = window.read(at + _LOCAL.size, named + extra)
    name = tail[:named]
    size, packed = _widen(name, (size, packed), _wide_extra(name, tail[named:]))
    return Header(name, flags, method, crc, packed, size), at + _LOCAL.size + named + extra


def _wide_extra(name: bytes, blob: bytes) -> bytes | None:
    """The zip64 extra field, if there is one. Refuses what would give the member a second name."""
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


def _widen(name: bytes, narrow: tuple[int, ...], wide: bytes | None) -> tuple[int, ...]:
    """Puts the zip64 field's values in. It lists the fields that are marked, or the first few of all."""
    if wide is None:
        return narrow
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
