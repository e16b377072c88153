"""What is installed is what was locked: every release by its version, every file by its hash, and nothing unlisted."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

ROOT = Path(__file__).resolve().parents[2]
SERVER, LOCAL = ROOT / "requirements.txt", ROOT / "local" / "requirements.txt"
FILES = pytest.mark.parametrize("file", [SERVER, LOCAL], ids=["server", "local"])
_RELEASE = re.compile(r"([a-z0-9-]+)==([0-9][^ ]*)(?: ; (.+))?")


@dataclass(frozen=True)
class Locked:
    """One release of a lock. applies: whether this Python installs it."""

    name: str
    version: str
    hashes: tuple[str, ...]
    applies: bool


def locked(file: Path) -> Iterator[Locked]:
    """Every entry of a lock; an entry that cannot be read fails the test."""
    bare = re.sub(r"(?m)^ *#.*\n", "", file.read_text()).replace(" \\\n", " ")
    for line in bare.splitlines():
        first, *hashes = re.split(r" +--hash=", line.strip())
        found = _RELEASE.fullmatch(first)
        assert found, line
        applies = not found[3] or Marker(found[3]).evaluate()
        yield Locked(found[1], found[2], tuple(hashes), applies)


def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text())


def asked_for(file: Path) -> list[Requirement]:
    """What people wrote: requirements.in, or pyproject.toml's words for local mode and the command."""
    if file == SERVER:
        lines = (ROOT / "requirements.in").read_text().splitlines()
        return [Requirement(line) for line in lines if line and not line.startswith("#")]
    known = project()
    return [Requirement(line) for line in (*known["project"]["dependencies"], *known["dependency-groups"]["local"])]


def needed(roots: list[Requirement]) -> set[str]:
    """The names that these bring along in this environment, themselves among them."""
    todo, seen = [(canonicalize_name(root.name), frozenset(root.extras)) for root in roots], set()
    while todo:
        name, extras = todo.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        for line in distribution(name).requires or ():
            further = Requirement(line)
            chosen = [{"extra": extra} for extra in extras] or [{"extra": ""}]
            if not further.marker or any(further.marker.evaluate(each) for each in chosen):
                todo.append((canonicalize_name(further.name), frozenset(further.extras)))
    return {name for name, _ in seen}


@FILES
def test_every_release_is_locked_by_version_and_by_hashes(file: Path) -> None:
    entries = list(locked(file))
    assert len(entries) > 10
    for entry in entries:
        assert entry.hashes, entry.name
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", digest) for digest in entry.hashes), entry.name


@FILES
def test_no_index_and_no_address_stands_in_it(file: Path) -> None:
    assert not re.search(r"://|^-|--index|--find-links|--extra| @ ", file.read_text(), re.MULTILINE)


@FILES
def test_what_people_asked_for_is_in_it(file: Path) -> None:
    versions = {entry.name: entry.version for entry in locked(file) if entry.applies}
    for root in asked_for(file):
        assert root.specifier.contains(versions[canonicalize_name(root.name)]), root


def test_the_server_asks_for_one_version_of_each() -> None:
    for root in asked_for(SERVER):
        assert re.fullmatch(r"==[0-9][0-9a-z.]*", str(root.specifier)), root


@FILES
def test_it_holds_what_these_bring_along_and_nothing_else(file: Path) -> None:
    """Seen in what is installed here: the way a deployed function and `make install` come to their packages."""
    assert {entry.name for entry in locked(file) if entry.applies} == needed(asked_for(file))


@FILES
def test_what_is_installed_is_what_was_locked(file: Path) -> None:
    for entry in locked(file):
        if entry.applies:
            assert distribution(entry.name).version == entry.version, entry.name


def test_the_two_locks_agree() -> None:
    server = {(entry.name, entry.applies): entry.version for entry in locked(SERVER)}
    local = {(entry.name, entry.applies): entry.version for entry in locked(LOCAL)}
    assert {key: server[key] for key in server.keys() & local} == {key: local[key] for key in server.keys() & local}


def test_everything_is_installed_by_hash() -> None:
    """`make install`; a deployed function's pip sees the hashes in the file and then asks for one of each."""
    makefile = (ROOT / "Makefile").read_text()
    recipe = makefile[makefile.index("\n.venv/installed:") : makefile.index("\n.venv/tested:")]
    installs = [line for line in recipe.splitlines() if "pip install" in line]
    assert len(installs) == 2
    assert all("--require-hashes" in line for line in installs)
    assert '"requirements.txt"' in (ROOT / "infra" / "bundle.tf").read_text()
