"""The lines of jid.yaml for faults that are found after it was read."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from modelserver.errors import Fault, InvalidPackage
from modelserver.jidyaml import tree as yamltree
from modelserver.jidyaml.tree import Array, Node, Table, join


@contextmanager
def locating(text: bytes) -> Iterator[None]:
    """Gives the faults of an InvalidPackage that is raised inside the lines of jid.yaml they are about."""
    try:
        yield
    except InvalidPackage as problem:
        raise InvalidPackage(problem.detail, faults=_located(problem.faults, text)) from None


def _located(faults: tuple[Fault, ...], text: bytes) -> tuple[Fault, ...]:
    """Each fault with the line that its pointer, or what is above it, is on; a path in the zip has none."""
    lines = {"": 1}
    _number(yamltree.read(text, []), "", lines)
    return tuple(
        replace(fault, line=_nearest(fault.pointer, lines))
        if fault.line is None and fault.pointer.startswith("/")
        else fault
        for fault in faults
    )


def _number(node: Node | None, pointer: str, lines: dict[str, int]) -> None:
    if isinstance(node, Table):
        for key, value in node.pairs:
            lines[join(pointer, key.text)] = key.line
            _number(value, join(pointer, key.text), lines)
    elif isinstance(node, Array):
        for index, item in enumerate(node.items):
            lines[f"{pointer}/{index}"] = item.line
            _number(item, f"{pointer}/{index}", lines)


def _nearest(pointer: str, lines: dict[str, int]) -> int:
    while pointer not in lines:
        pointer = pointer.rpartition("/")[0]
    return lines[pointer]
