"""Packages that the tests of infra/ read or run, each apart from the server's own environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NoReturn

import pytest

KEPT = Path(sys.prefix, "infra")
"""Inside the virtual environment: as long-lived as it is, and as ignored by git."""


def lacking(what: str) -> NoReturn:
    """Skips the test, saying what is missing; in CI, which must have it, fails it."""
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)


def wheel(name: str, version: str) -> Path:
    """The package's wheel, downloaded once and never installed: some carry more than would agree with ours."""
    KEPT.mkdir(exist_ok=True)
    pattern = f"{name.replace('-', '_')}-{version}-*.whl"
    if found := list(KEPT.glob(pattern)):
        return found[0]
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    command = [*pip, "--dest", str(KEPT), f"{name}=={version}"]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        lacking(f"{name} {version} cannot be downloaded: {done.stderr[-500:]}")
    (found_now,) = KEPT.glob(pattern)
    return found_now


def uv() -> str:
    """The uv that local mode uses too."""
    path = Path(sys.prefix, "bin", "uv")
    if not path.exists():
        lacking(f"{path} is not there; `make install` puts it there")
    return str(path)
