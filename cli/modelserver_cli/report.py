"""A failure as lines: what, where in which file, and what to do, in the manner of a compiler."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.text import Text

from modelserver_cli.failure import Failure
from modelserver_cli.folder import CONFIG
from modelserver_cli.words import clean, count, line

_WIDEST = 160
_MOST_SOURCE = 1024**2
_AT_KEY = ("UNKNOWN_KEY", "DUPLICATE_KEY")


def report(failure: Failure) -> Iterator[Text]:
    """The lines to print."""
    for fault in failure.faults:
        yield from _fault(fault, failure.folder)
        yield Text()
    yield _whole(failure)
    if failure.hint:
        yield _note("hint", line(failure.hint))
    if package_id := failure.document.get("ID"):
        yield _note("log", f"modelserver log {line(str(package_id))}")


def _whole(failure: Failure) -> Text:
    """What it comes to."""
    code, faults = str(failure.document.get("code", "")), failure.faults
    if faults and code == "INVALID_PACKAGE":
        return _error("", f"{count(len(faults), 'fault')}; nothing was built")
    if faults:
        return _error(code, f"{line(str(failure.document.get('title', '')))}: {count(len(faults), 'fault')}")
    return _error(code, clean(failure.message))


def _fault(fault: dict[str, Any], folder: Path | None) -> Iterator[Text]:
    yield _error(str(fault.get("code", "")), line(str(fault.get("detail", ""))))
    pointer, number = str(fault.get("pointer") or ""), fault.get("line")
    place = _place(folder, pointer)
    where = f"{_named(place, folder, pointer)}:{number}" if number else _named(place, folder, pointer)
    if where:
        yield Text.assemble(("  --> ", "bold blue"), line(where))
    if place and isinstance(number, int):
        yield from _source(place, number, pointer, str(fault.get("code", "")))
    if hint := fault.get("hint"):
        yield _note("hint", line(str(hint)))


def _place(folder: Path | None, pointer: str) -> Path | None:
    """The file that a pointer is about: a JSON pointer is about jid.yaml, anything else is a path."""
    if folder is None:
        return None
    about_config = pointer == "" or pointer.startswith("/")
    place = folder / CONFIG if about_config else folder / pointer
    return place if place.is_file() else None


def _named(place: Path | None, folder: Path | None, pointer: str) -> str:
    if place:
        return str(place)
    if folder:
        return str(folder / pointer.lstrip("/"))
    return f"input {pointer[1:]}" if pointer.startswith("/") else pointer


def _source(place: Path, number: int, pointer: str, code: str) -> Iterator[Text]:
    """The line itself, and a mark under what is meant."""
    text = _line_of(place, number)
    if text is None:
        return
    start, length = _span(text, pointer, code)
    margin = " " * len(str(number))
    yield Text(f"{margin} |", "bold blue")
    yield Text.assemble((f"{number} | ", "bold blue"), text)
    yield Text.assemble((f"{margin} | ", "bold blue"), (" " * start + "^" * length, "bold red"))


def _line_of(place: Path, number: int) -> str | None:
    try:
        if place.stat().st_size > _MOST_SOURCE:
            return None
        lines = place.read_text(errors="replace").splitlines()
        return clean(lines[number - 1]).replace("\t", "    ").rstrip()[:_WIDEST]
    except (OSError, IndexError):
        return None


def _span(text: str, pointer: str, code: str) -> tuple[int, int]:
    """Where in the line: the key itself if that is wrong, else its value, else all that is said there."""
    found = re.search(rf"(?<![\w-])[\"']?{re.escape(_key(pointer))}[\"']?\s*:\s*", text)
    if found and code in _AT_KEY:
        return found.start(), max(1, len(found[0].rstrip().removesuffix(":").rstrip()))
    start = found.end() if found and text[found.end() :].strip() else _beginning(text)
    said = re.split(r"\s#", text[start:])[0].rstrip()
    return start, max(1, len(said))


def _key(pointer: str) -> str:
    """The last key of a pointer; the items of a list have their list's."""
    keys = [part for part in pointer.split("/") if not part.isdigit()]
    return keys[-1].replace("~1", "/").replace("~0", "~") if keys else ""


def _beginning(text: str) -> int:
    """Where something is said: behind the indentation, and behind the mark of an item."""
    indented = re.match(r"(?:\s|-\s)*", text)
    return indented.end() if indented else 0


def _error(code: str, text: str) -> Text:
    return Text.assemble((f"error[{line(code)}]" if code else "error", "bold red"), (f": {text}", "bold"))


def _note(name: str, text: str) -> Text:
    return Text.assemble(("   = ", "bold blue"), (f"{name}: ", "bold"), text)
