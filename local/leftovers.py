"""What lies in a data folder and no record names."""

from __future__ import annotations

import re
from collections.abc import Iterator, Set
from dataclasses import dataclass
from pathlib import Path

from modelserver.audit import Damage
from modelserver.catalog import Known

_SESSION = re.compile(r"[0-9a-f]{32}\.\d{1,18}", re.ASCII)
_FOLDERS = ("packages", "builds", "processes", "staging", "sessions")
_OF_A_BUILD = {"log.txt", "outcome.json"}
_GOES = "the next start of the server removes it"


@dataclass(frozen=True)
class Leftover:
    """path: below the data folder. expected: whether a server that was killed leaves such, and its next start
    removes it. is_arriving: whether a server that runs has such all the time."""

    path: Path
    what: str
    expected: bool
    cure: str = _GOES
    is_arriving: bool = False

    def damage(self, data: Path) -> Damage:
        return Damage(str(self.path.relative_to(data)), self.what, self.cure)


class Leftovers:
    """The files of a data folder as they were when this was made.

    They have to be listed before the records are read: what a server keeps meanwhile was recorded before.
    """

    def __init__(self, data: Path) -> None:
        self._files = {
            name: _listed(data / name) for name in ("packages", "builds", "processes", "staging", "sessions")
        }

    def beside(self, known: Known, leaving: Set[str]) -> Iterator[Leftover]:
        """leaving: the zips of deletions that were cut off."""
        for path in self._files["packages"]:
            if path.stem in leaving - known.uploads:
                yield Leftover(path, "a deletion that was cut off", expected=True)
            elif path.suffix != ".zip" or path.stem not in known.uploads:
                cure = "upload it again if you miss it, else remove it: so does a start a day after it came"
                yield Leftover(path, "no record names this zip", expected=False, cure=cure)
        for path in self._files["builds"]:
            if path.name not in known.builds:
                yield Leftover(path, "no record names this build", expected=True)
            else:
                yield from _strange(path, _OF_A_BUILD, "a file that was being written")
        for path in self._files["processes"]:
            if path.name not in known.ready:
                yield Leftover(path, "an environment of no package, or of one that failed", expected=True)
        for path in self._files["staging"]:
            if path.stem not in known.uploads:
                yield Leftover(path, "an upload that was cut off", expected=True, is_arriving=True)
        for path in self._files["sessions"]:
            if not _SESSION.fullmatch(path.name):
                yield Leftover(path, "this is no upload session", expected=False, cure="remove it")


def _strange(folder: Path, names: set[str], what: str) -> Iterator[Leftover]:
    for path in _listed(folder):
        if path.name not in names:
            yield Leftover(path, what, expected=True)


def _listed(folder: Path) -> list[Path]:
    """Empty if it is not there, or no folder."""
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []
