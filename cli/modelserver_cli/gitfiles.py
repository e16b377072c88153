"""The files of a directory as git sees them, in a repository or not."""

from __future__ import annotations

import os
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Listed:
    """Paths inside the directory. tracked: by git; others: neither tracked nor ignored; ignored: folders end in "/".

    asked_git: whether there was a git to ask; without it nothing is known of what is ignored.
    """

    tracked: frozenset[bytes]
    others: frozenset[bytes]
    ignored: frozenset[bytes]
    asked_git: bool = True


def listed(root: Path) -> Listed:
    """Of the repository around it; of an empty one where there is none or it ignores the directory itself."""
    if not _has_git():
        return Listed(frozenset(), _walked(root), frozenset(), asked_git=False)
    if _is_in_repository(root):
        return _asked(root, [])
    with tempfile.TemporaryDirectory() as empty:
        _git(root, "init", "--quiet", "--bare", empty)
        return _asked(root, [f"--git-dir={empty}", "--work-tree=."])


def _asked(root: Path, where: list[str]) -> Listed:
    tracked = frozenset(path for path in _ls(root, where, "--cached") if os.path.lexists(_place(root, path)))
    others = _ls(root, where, "--others", "--exclude-standard")
    ignored = _ls(root, where, "--others", "--ignored", "--exclude-standard", "--directory")
    return Listed(tracked, frozenset(path.rstrip(b"/") for path in others), ignored)


def _ls(root: Path, where: list[str], *words: str) -> frozenset[bytes]:
    found = _git(root, *where, "ls-files", "-z", *words)
    return frozenset(path for path in found.split(b"\0") if path)


def _place(root: Path, path: bytes) -> bytes:
    return os.path.join(os.fsencode(root), path)  # noqa: PTH118  # a pathlib.Path holds no bytes


def _has_git() -> bool:
    try:
        return subprocess.run(["git", "--version"], capture_output=True).returncode == 0
    except OSError:
        return False


def _is_in_repository(root: Path) -> bool:
    if _run(root, "rev-parse", "--is-inside-work-tree").stdout.strip() != b"true":
        return False
    return bool(_ls(root, [], "--cached")) or _run(root, "check-ignore", "--quiet", ".").returncode != 0


def _git(root: Path, *words: str) -> bytes:
    done = _run(root, *words)
    done.check_returncode()
    return done.stdout


def _run(root: Path, *words: str) -> subprocess.CompletedProcess[bytes]:
    """Without what a hook's environment says of another repository."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return subprocess.run(["git", *words], cwd=root, env=environment, capture_output=True)


def _walked(root: Path) -> frozenset[bytes]:
    """Every file, links among them, where there is no git to ask."""
    found = set()
    for folder, names, files in os.walk(os.fsencode(root)):
        links = [name for name in names if os.path.islink(os.path.join(folder, name))]  # noqa: PTH114, PTH118
        for name in [*files, *links]:
            found.add(os.path.relpath(os.path.join(folder, name), os.fsencode(root)))  # noqa: PTH118
    return frozenset(found)
