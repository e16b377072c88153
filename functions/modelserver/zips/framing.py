"""How the members lie in a zip: end to end from the first byte to the directory, each name once."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import pairwise
from operator import attrgetter

from modelserver.errors import Fault, InvalidPackage
from modelserver.faults import Faults
from modelserver.zips.format import (
    AGAIN,
    COMPARED,
    STREAMED,
    Directory,
    Header,
    Member,
    Window,
    is_descriptor,
    local_header,
    shown,
)

_LONGEST_DESCRIPTOR = 24


def data_starts(window: Window, found: list[Member], directory: Directory, faults: Faults) -> dict[int, int]:
    """Where each member's data starts, by its header's offset. Members must fill the zip without a gap."""
    ordered = sorted(found, key=attrgetter("start"))
    edges = [*(member.start for member in ordered), directory.offset]
    starts: dict[int, int] = {}
    if edges[0]:
        faults.add([_hidden("", f"{edges[0]} bytes stand before the first file")])
    for member, border in zip(ordered, edges[1:], strict=True):
        try:
            header, starts[member.start] = local_header(window, member.start, border)
        except InvalidPackage as bad:
            faults.add(replace(fault, pointer=shown(member.name)) for fault in bad.faults)
            continue
        if header != member[: len(header)]:
            faults.add(_header_faults(member.header, Header._make(header)))
        if member.flags & STREAMED or starts[member.start] + member.packed != border:
            faults.add(_border_faults(window, member.header, starts[member.start], border))
    return starts


def _header_faults(central: Header, local: Header) -> Iterator[Fault]:
    flags = central.flags & COMPARED == local.flags & COMPARED
    sizes = (central.crc, central.packed, central.size), (local.crc, local.packed, local.size)
    unset = (0,) if local.flags & STREAMED else ()
    equal = all(mine in (theirs, *unset) for theirs, mine in zip(*sizes, strict=True))
    if not flags or central.name != local.name or central.method != local.method or not equal:
        detail = "the zip's directory and the file's own header say different things"
        yield Fault(shown(central.name), "HEADERS_DIFFER", detail, AGAIN)


def _border_faults(window: Window, header: Header, start: int, border: int) -> Iterator[Fault]:
    """Whether the data ends where the next record begins, with a true descriptor between if announced."""
    pointer, gap = shown(header.name), border - start - header.packed
    if gap < 0:
        yield Fault(pointer, "OVERLAP", "the file's data runs into the next record", AGAIN)
    elif gap > _LONGEST_DESCRIPTOR or (gap and not header.flags & STREAMED):
        yield _hidden(pointer, f"{gap} bytes behind the file belong to no record")
    elif header.flags & STREAMED and not is_descriptor(window.read(border - gap, gap), header):
        yield Fault(pointer, "HEADERS_DIFFER", "the data descriptor contradicts the zip's directory", AGAIN)


def _hidden(pointer: str, detail: str) -> Fault:
    return Fault(pointer, "HIDDEN_DATA", detail, "send a plain zip without anything before, between or after")


def clashes(names: Iterable[bytes]) -> Iterator[Fault]:
    """Names that stand for two things: twice the same, or a file where a folder is."""
    # With "/" as the least of all bytes, what is inside "a" follows "a" directly.
    for name, following in pairwise(sorted(names, key=lambda name: name.replace(b"/", b"\0"))):
        if name == following:
            yield Fault(shown(name), "DUPLICATE_NAME", "the name stands in the zip twice", AGAIN)
        elif not name.endswith(b"/") and following.startswith(name + b"/"):
            yield Fault(shown(name), "FILE_IS_ALSO_FOLDER", "the name is a file's and a folder's", AGAIN)
