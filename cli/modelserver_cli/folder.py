"""What of a directory is packed: the files that git tracks, and those that it neither tracks nor ignores.

Outside a repository, the rules of .gitignore files hold as if there were one. Litter that nobody means to publish is
left out unless git tracks it. So in a clean checkout the package is `HEAD:directory`, and a new one needs no git.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from modelserver.errors import Fault
from modelserver.zips.member import file_faults, is_litter
from modelserver_cli.exits import Exit
from modelserver_cli.failure import Failure
from modelserver_cli.gitfiles import Listed, listed

CONFIG = "jid.yaml"
_LITTER_FOLDERS = (
    b"__pycache__",
    b".venv",
    b".mypy_cache",
    b".pytest_cache",
    b".ruff_cache",
    b".ipynb_checkpoints",
    b".git",
)
_LITTER_ENDS = (b".pyc", b".pyo", b".swp", b"~")


@dataclass(frozen=True)
class Entry:
    """A file of the package. path: inside it, parts divided by "/"; place: on disk; size: bytes."""

    path: bytes
    place: Path
    executable: bool
    size: int


@dataclass(frozen=True)
class Folder:
    """A directory as a package. left_out: what of it is not packed; folders end in "/".

    remark: what is to be said of the choice, or "".
    """

    root: Path
    entries: tuple[Entry, ...]
    left_out: tuple[str, ...]
    remark: str = ""

    @property
    def size(self) -> int:
        return sum(entry.size for entry in self.entries)

    @classmethod
    def read(cls, root: Path) -> Folder:
        """Raises Failure: USAGE if it is no directory, REFUSED with every fault if it cannot be a package."""
        if not root.is_dir():
            raise Failure(Exit.USAGE, f"{root} is no directory.", f"name the one that holds {CONFIG}")
        found = listed(root)
        kept = sorted(path for path in found.tracked | _wanted(found) if not is_litter(path))
        faults = [fault for path in kept for fault in _faults(root, path)]
        if faults:
            raise _refused(root, faults)
        entries = tuple(_entry(root, path) for path in kept)
        if CONFIG.encode() not in {entry.path for entry in entries}:
            raise _no_config(root, found)
        return cls(root, entries, _left_out(found), _remark(root, found))


def _wanted(found: Listed) -> set[bytes]:
    return {path for path in found.others if not _is_clutter(path)}


def _is_clutter(path: bytes) -> bool:
    *folders, name = path.split(b"/")
    return name.endswith(_LITTER_ENDS) or any(part in _LITTER_FOLDERS for part in [*folders, name])


def _left_out(found: Listed) -> tuple[str, ...]:
    """Clutter is summed up by its folder."""
    clutter = {_top(path) for path in found.others if _is_clutter(path)}
    return tuple(sorted(os.fsdecode(path) for path in clutter | found.ignored))


def _remark(root: Path, found: Listed) -> str:
    if not found.asked_git and any(root.rglob(".gitignore")):
        return "git is not installed here, so .gitignore files are not heeded"
    return ""


def _top(path: bytes) -> bytes:
    parts = path.split(b"/")
    depth = next((number for number, part in enumerate(parts[:-1], 1) if part in _LITTER_FOLDERS), None)
    return path if depth is None else b"/".join(parts[:depth]) + b"/"


def _entry(root: Path, path: bytes) -> Entry:
    place = root / os.fsdecode(path)
    status = place.lstat()
    return Entry(path, place, bool(status.st_mode & stat.S_IXUSR), status.st_size)


def _faults(root: Path, path: bytes) -> Iterator[Fault]:
    """The server's own rules, before anything is sent."""
    mode = (root / os.fsdecode(path)).lstat().st_mode
    if stat.S_ISDIR(mode):
        hint = "its files are not part of this repository; put them here, or leave the folder out"
        yield Fault(os.fsdecode(path), "REPOSITORY", "this folder is a repository of its own", hint)
        return
    yield from file_faults(path, mode)


def _refused(root: Path, faults: list[Fault]) -> Failure:
    document = {"code": "INVALID_PACKAGE", "errors": [fault.to_json() for fault in faults]}
    return Failure(Exit.REFUSED, f"{root} cannot be a package.", document=document).about(root)


def _no_config(root: Path, found: Listed) -> Failure:
    if CONFIG.encode() in found.ignored:
        return Failure(Exit.REFUSED, f"git ignores {root / CONFIG}.", "take it out of .gitignore")
    below = sorted(path.parent for path in root.glob(f"*/{CONFIG}"))
    hint = f"did you mean {below[0]}?" if below else f"write one, or begin with `modelserver init {root}`"
    return Failure(Exit.REFUSED, f"{root} has no {CONFIG}.", hint)
