"""Model directories for the command to push."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.packages import HELLO, model


def written(folder: Path, files: Mapping[str, str | bytes]) -> Path:
    """The folder, with these files in it."""
    for name, content in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def hello(folder: Path, *, name: str = "tests/hello", more: str = "", code: str = HELLO) -> Path:
    """A model that each test has for itself: its content names the folder."""
    return written(folder, model(code, name=name, more=more, salt=str(folder)))


def git(folder: Path, *words: str) -> str:
    author = ["-c", "user.name=tests", "-c", "user.email=tests@localhost"]
    done = subprocess.run(["git", *author, *words], cwd=folder, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def committed(folder: Path) -> str:
    """Makes the folder a repository with one commit; the tree ID that git gives it."""
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    git(folder, "commit", "--quiet", "--message", "model")
    return git(folder, "rev-parse", "HEAD^{tree}")
