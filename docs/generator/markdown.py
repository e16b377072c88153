"""Markdown from values."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Sequence


def document(title: str, source: str, *parts: str) -> str:
    """A page. source: where its facts stand in the code, so that a reader knows what to change."""
    note = f"<!-- Written by `make docs` from {source}. Change it there. -->"
    return "\n\n".join([f"# {title}", note, *(part.strip("\n") for part in parts if part)]) + "\n"


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Pipes in cells are masked; a cell is one line."""
    lines = [_row(head), _row(["---"] * len(head)), *(_row(row) for row in rows)]
    return "\n".join(lines)


def code(text: str) -> str:
    """`text` as code; "" stays ""."""
    return f"`{text}`" if text else ""


def paragraphs(docstring: str | None) -> list[str]:
    """A docstring's paragraphs, each as it is broken into lines."""
    return inspect.cleandoc(docstring or "").split("\n\n")


def first(docstring: str | None) -> str:
    """A docstring's first paragraph, on one line."""
    return " ".join(paragraphs(docstring)[0].split())


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(" ".join(cell.split()).replace("|", "\\|") for cell in cells) + " |"
