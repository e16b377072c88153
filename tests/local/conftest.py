"""The real server, ended with the test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.servers import ROOT, Server, free_port, serving

__all__ = ["ROOT", "Server", "Start", "free_port", "serving"]

Start = Callable[..., Server]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """start("--engine", "process") runs a server over the test's data folder."""
    with ExitStack() as stack:
        yield lambda *words, **settings: stack.enter_context(serving(tmp_path, *words, **settings))
