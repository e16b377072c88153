"""The README's tables say what the code does."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

from modelserver import errors
from modelserver.app import ROUTES
from modelserver.settings import Settings

ROOT = Path(__file__).resolve().parents[2]
README = (ROOT / "README.md").read_text()


def _cells(first: str) -> list[list[str]]:
    """The rows of the table whose first heading is `first`, cell by cell, code marks removed."""
    table = README[README.index(f"| {first} |") :].split("\n\n")[0]
    rows = [row.strip("| ").replace("\\|", "/").split("|") for row in table.splitlines()[2:]]
    return [[cell.strip().strip("`") for cell in row] for row in rows]


def _kinds(kind: type[errors.Problem]) -> Iterator[type[errors.Problem]]:
    yield kind
    for further in kind.__subclasses__():
        yield from _kinds(further)


def test_the_routes_are_the_ones_served() -> None:
    served = {f"{method} {path.replace('package_id', 'id')}" for method, path, _ in ROUTES}
    assert {row[0] for row in _cells("route")} == served


def test_the_errors_are_the_ones_answered() -> None:
    answered = {(kind.code, str(kind.status), kind.title) for kind in _kinds(errors.Problem)}
    assert {(row[0], row[1], row[2]) for row in _cells("code")} == answered


def test_the_settings_are_the_ones_read() -> None:
    read = {
        f"MODELSERVER_{field.name.upper()}": "" if field.default in (None, "") else str(field.default)
        for field in fields(Settings)
    }
    explained = {row[0]: row[1] for row in _cells("variable")}
    assert explained | {row[0]: "" for row in _cells("variable of a function")} == read


def test_every_target_of_make_is_explained() -> None:
    makefile = (ROOT / "Makefile").read_text()
    targets = re.findall(r"^([a-z]+):", makefile, re.MULTILINE)
    assert set(targets) == set(re.findall(r"^([a-z]+):.*## \S", makefile, re.MULTILINE))


def test_what_the_readme_links_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", README):
        if not target.startswith("https://"):
            assert (ROOT / target).exists(), target
