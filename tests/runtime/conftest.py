"""A package in a temporary directory, and the real runtime started on it."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runtime.guest import Guest


@pytest.fixture
def guest(tmp_path: Path) -> Callable[..., Guest]:
    """Make a package out of files by name, with `infer.py` as its model, under this Python unless told.

    GUEST_PYTHON names another for a whole run; numpy and Pillow must be installed for it.
    """
    usual = os.environ.get("GUEST_PYTHON") or sys.executable

    def make(infer: str = "", python: str = usual, **rest: object) -> Guest:
        return Guest(tmp_path, python, infer, **rest)  # type: ignore[arg-type]

    return make
