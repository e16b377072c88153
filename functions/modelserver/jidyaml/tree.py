"""YAML as a plain tree of texts, arrays and tables, each with its line; nothing is guessed at.

Only what a config needs is let through: one document, no aliases, anchors or tags, limited depth. So
nothing can grow, loop or turn into an object. What PyYAML makes of a scalar (3.10 as 3.1, 3:8 as 188,
`no` as false) never comes into play: a scalar stays text until its reader knows what it should be.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol, TypeAlias, Union

import yaml

from modelserver.errors import Fault

MAX_SIZE = 64 * 1024
MAX_DEPTH = 24
ALIAS = "YAML_ALIAS"


@dataclass(frozen=True)
class Scalar:
    """One text. plain: written without quotes. line: 1-based, as in all nodes."""

    text: str
    plain: bool
    line: int


@dataclass(frozen=True)
class Array:
    items: tuple[Node, ...]
    line: int


@dataclass(frozen=True)
class Table:
    """Keys and values in their order; a key that came twice is here once, the first time."""

    pairs: tuple[tuple[Scalar, Node], ...]
    line: int


Node: TypeAlias = Union["Scalar", "Array", "Table"]


class _Mark(Protocol):
    """A place in the text; PyYAML has one class for it in Python, one in C."""

    line: int


class _Unreadable(Exception):
    """What follows in the file cannot be read; the reason is already among the faults."""


def read(content: bytes, faults: list[Fault]) -> Node | None:
    """The tree of a UTF-8 file (a byte order mark is tolerated), or None where none can be made.

    What is wrong is added to `faults`; a tree may come back all the same, so that more can be found.
    """
    text = _decode(content, faults)
    if text is None:
        return None
    try:
        return _Composer(_events(text), faults).document()
    except _Unreadable:
        return None
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        faults.append(_broken(f"the character U+{ord(text[error.position]):04X} is not allowed in YAML", line))
    except yaml.MarkedYAMLError as error:
        what = ", ".join(part for part in (error.context, error.problem) if part)
        faults.append(_broken(what, _at(error.problem_mark) or _at(error.context_mark)))
    except (yaml.YAMLError, ValueError, OverflowError) as error:  # an escape or a directive's number
        faults.append(_broken(str(error)[:200], None))
    return None


def _decode(content: bytes, faults: list[Fault]) -> str | None:
    if len(content) > MAX_SIZE:
        detail = f"the file has {len(content)} bytes; at most {MAX_SIZE} are read"
        faults.append(Fault("", "CONFIG_TOO_LARGE", detail, "move large examples into files, as @file"))
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        detail = f"byte {error.start} of the file is not UTF-8"
        faults.append(Fault("", "NOT_UTF8", detail, "save the file as UTF-8", line))
        return None


def _broken(what: str, line: int | None) -> Fault:
    hint = "check the indentation, and quote texts that hold : # [ ] { } , & * ! | > ' \" % @ `"
    return Fault("", "BROKEN_YAML", f"this is not YAML: {what}", hint, line)


def _events(text: str) -> Iterator[yaml.Event]:
    yield from yaml.parse(text, Loader=yaml.SafeLoader)


def _at(mark: _Mark | None) -> int | None:
    return None if mark is None else mark.line + 1


def _line(event: yaml.Event) -> int:
    return _at(event.start_mark) or 1


class _Composer:
    """Turns PyYAML's events into nodes; PyYAML's own composer would follow aliases and guess types."""

    def __init__(self, events: Iterator[yaml.Event], faults: list[Fault]) -> None:
        self._events = events
        self._faults = faults

    def document(self) -> Node | None:
        """The only document's tree; None if the file says nothing."""
        tree: Node | None = None
        documents = 0
        for event in self._events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self._refuse(
                        "",
                        event,
                        "SEVERAL_DOCUMENTS",
                        "the file holds more than one document",
                        "keep one, and remove the line ---",
                    )
                    break
            elif isinstance(event, yaml.NodeEvent):
                tree = self._node(event, "", 0)
        return tree

    def _node(self, event: yaml.Event, pointer: str, depth: int) -> Node:
        self._plain_yaml(event, pointer)
        if isinstance(event, yaml.SequenceStartEvent):
            self._deeper(event, pointer, depth)
            return self._array(event, pointer, depth + 1)
        if isinstance(event, yaml.MappingStartEvent):
            self._deeper(event, pointer, depth)
            return self._table(event, pointer, depth + 1)
        if isinstance(event, yaml.ScalarEvent):
            return self._scalar(event, pointer)
        return Scalar("(an alias)", False, _line(event))

    def _scalar(self, event: yaml.ScalarEvent, pointer: str) -> Scalar:
        text = str(event.value)
        if not _encodes(text):
            hint = "write the character itself instead of its \\u escape"
            self._refuse(pointer, event, "NOT_UNICODE", "the text holds half of a surrogate pair", hint)
            text = text.encode(errors="replace").decode()
        return Scalar(text, event.style is None, _line(event))

    def _array(self, start: yaml.Event, pointer: str, depth: int) -> Array:
        items: list[Node] = []
        while not isinstance(event := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(event, f"{pointer}/{len(items)}", depth))
        return Array(tuple(items), _line(start))

    def _table(self, start: yaml.Event, pointer: str, depth: int) -> Table:
        pairs: dict[str, tuple[Scalar, Node]] = {}
        while not isinstance(event := next(self._events), yaml.MappingEndEvent):
            key = self._key(event, pointer, depth)
            below = join(pointer, key.text)
            value = self._node(next(self._events), below, depth)
            if (first := pairs.get(key.text)) is not None:
                detail = f"{shown(key.text)} is already on line {first[0].line}"
                self._faults.append(Fault(below, "DUPLICATE_KEY", detail, "remove one of the two", key.line))
            pairs.setdefault(key.text, (key, value))
        return Table(tuple(pairs.values()), _line(start))

    def _key(self, event: yaml.Event, pointer: str, depth: int) -> Scalar:
        key = self._node(event, pointer, depth)
        if isinstance(key, Scalar):
            return key
        self._refuse(pointer, event, "WRONG_TYPE", "a key is not a text", "write keys as plain words")
        return Scalar("?", True, key.line)

    def _plain_yaml(self, event: yaml.Event, pointer: str) -> None:
        if isinstance(event, yaml.AliasEvent):
            self._refuse(
                pointer,
                event,
                ALIAS,
                f"*{event.anchor} is an alias",
                "write the value out; a text that starts with * needs quotes",
            )
        elif isinstance(event, yaml.NodeEvent) and event.anchor is not None:
            self._refuse(
                pointer,
                event,
                "YAML_ANCHOR",
                f"&{event.anchor} is an anchor",
                "remove it; a text that starts with & needs quotes",
            )
        tag = event.tag if isinstance(event, yaml.ScalarEvent | yaml.CollectionStartEvent) else None
        if tag is not None:
            self._refuse(
                pointer,
                event,
                "YAML_TAG",
                f"{shown(str(tag))} is a tag",
                "remove it; a text that starts with ! needs quotes",
            )

    def _deeper(self, event: yaml.Event, pointer: str, depth: int) -> None:
        if depth >= MAX_DEPTH:
            self._refuse(pointer, event, "TOO_DEEP", f"more than {MAX_DEPTH} levels are nested", "flatten it")
            raise _Unreadable

    def _refuse(self, pointer: str, event: yaml.Event, code: str, detail: str, hint: str) -> None:
        self._faults.append(Fault(pointer, code, detail, hint, _line(event)))


def join(pointer: str, key: str) -> str:
    """A JSON pointer (RFC 6901), one key longer."""
    return f"{pointer}/{key.replace('~', '~0').replace('/', '~1')}"


def shown(text: str) -> str:
    """A text as people can read it in an error: quoted, on one line, not too long."""
    return ascii(text) if len(text) <= 80 else f"{text[:77]!a}..."


def _encodes(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)
