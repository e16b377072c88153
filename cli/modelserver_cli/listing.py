"""Packages as text: a list, and one with all that is known of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from modelserver_cli import words

Object = dict[str, Any]

_HEAD = ("NAME", "ID", "STATUS", "FOR", "SIZE", "CREATED")


def table(packages: Sequence[Object]) -> Iterator[str]:
    """A line each, columns under each other; nothing is cut off."""
    rows = [_HEAD, *map(_row, packages)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def _row(package: Object) -> tuple[str, ...]:
    environment = (package.get("Config") or {}).get("Environment") or {}
    return (
        words.line(str(package.get("Name", ""))),
        str(package.get("ID", "")),
        str(package.get("Status", "")),
        ",".join(environment.get("Architectures") or []),
        words.size(package.get("Size", 0)),
        words.age(str(package.get("Created", ""))),
    )


def summary(package: Object) -> Iterator[str]:
    """What a push ends with: the ID, and what can be run."""
    yield f"{words.line(str(package.get('Name', '')))} {package.get('ID', '')} {package.get('Status', '')}"
    for artifact in package.get("Artifacts") or []:
        yield f"  {artifact.get('Target', '')}  {words.line(str(artifact.get('URI', '')))}"
        if digest := artifact.get("Digest"):
            yield f"  {'':{len(artifact.get('Target', ''))}}  {words.line(str(digest))}"
        if artifact.get("Tested") is False:
            yield "    not tested: there was no GPU"


def details(package: Object) -> Iterator[str]:
    """The same, with what was chosen for it, its inputs and its test."""
    yield from summary(package)
    yield f"created  {package.get('Created', '')} ({words.age(str(package.get('Created', '')))})"
    yield f"zip      {words.size(package.get('Size', 0))}, SHA-256 {package.get('SHA256', '')}"
    for name, value in ((package.get("Config") or {}).get("Environment") or {}).items():
        if value:
            yield f"{name}: {_plain(value)}"
    yield from _chosen(package)
    yield from _inputs(package.get("Schema") or {})
    yield from _test(package.get("Test") or {})


def inspected(inspection: Object) -> Iterator[str]:
    """What a check came to: valid, and what would be built."""
    config = inspection.get("Config") or {}
    environment = config.get("Environment") or {}
    yield f"{words.line(str(config.get('Name', '')))} {inspection.get('ID', '')} is valid"
    yield f"  Python {environment.get('PythonVersion', '')}, for {', '.join(environment.get('Architectures') or [])}"
    yield from _chosen(inspection)


def _chosen(package: Object) -> Iterator[str]:
    for chosen in package.get("Completion") or []:
        yield f"  {chosen.get('Path')} = {_plain(chosen.get('Value'))}: {words.line(str(chosen.get('Because', '')))}"


def _inputs(schema: Object) -> Iterator[str]:
    properties = ((schema.get("Input") or {}).get("properties")) or {}
    for name, field in properties.items():
        default = f" = {_plain(field['default'])}" if "default" in field else ""
        yield f"input {words.line(name)}: {_plain(field.get('type', 'any'))}{default}"


def _test(test: Object) -> Iterator[str]:
    examples = test.get("Examples") or []
    if examples:
        passed = sum(example.get("Passed") is True for example in examples)
        yield f"test: {passed} of {words.count(len(examples), 'example')} passed"


def _plain(value: Any) -> str:
    return words.line(", ".join(map(str, value)) if isinstance(value, list) else str(value))
