"""Shell sessions in Markdown, run again: what is shown is what comes.

A fenced block of `console` holds commands after `$ `, each with what it prints below it. `...` in that stands for
anything. All blocks of a file are one session: variables that were set stay.
"""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import NamedTuple

_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_END = "end-of-what-a-command-printed"


class Step(NamedTuple):
    """A command, of one line or several, and what it prints."""

    command: str
    shown: str


def _steps(page: Path) -> list[Step]:
    """The session of a page; no step where it has no block."""
    found: list[Step] = []
    for block in _BLOCK.findall(page.read_text()):
        for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            found.append(_step(part.rstrip("\n").split("\n")))
    return found


def _replayed(session: list[Step], folder: Path, port: int) -> list[str]:
    """What each step prints, with localhost:5000 as that port of this machine. Raises CalledProcessError."""
    lines = "".join(f"{step.command}\necho; echo {_END}\n" for step in session)
    script = lines.replace("localhost:5000", f"127.0.0.1:{port}")
    done = subprocess.run(["bash", "-c", script], cwd=folder, capture_output=True, text=True, check=True, timeout=120)
    return [printed.strip("\n") for printed in done.stdout.split(_END + "\n")][:-1]


def _agrees(shown: str, printed: str) -> bool:
    """Whether it printed what is shown, whitespace at the ends of lines apart."""
    pattern = ".*".join(re.escape(part) for part in shown.split("..."))
    return re.fullmatch(pattern, re.sub(r"[ \t]+$", "", printed, flags=re.MULTILINE), re.DOTALL) is not None


def check(page: Path, folder: Path, port: int) -> None:
    """Replay a page in a folder, and hold what comes to what is shown."""
    session = _steps(page)
    assert session, f"{page} shows no session"
    for step, printed in zip(session, _replayed(session, folder, port), strict=True):
        assert _agrees(step.shown, printed), f"{step.command}\nshown:\n{step.shown}\nprinted:\n{printed}"


def _step(lines: list[str]) -> Step:
    """A command goes on after a backslash, and while a quote is open."""
    size = 1
    while lines[size - 1].endswith("\\") or "\n".join(lines[:size]).count("'") % 2:
        size += 1
    return Step("\n".join(lines[:size]), "\n".join(lines[size:]).strip("\n"))
