"""The command as a process of its own, against a real server."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.cli.between import Between
from tests.local.conftest import ROOT, Server, serving, start

__all__ = ["start"]


@dataclass
class Ended:
    """How a command ended."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Standard output, which must be JSON and nothing else."""
        return json.loads(self.out)


@dataclass
class Command:
    """`modelserver`, run in a folder with an environment of its own."""

    folder: Path
    environment: dict[str, str] = field(default_factory=dict)

    def __call__(self, *words: str | Path, status: int | None = 0, stdin: str = "") -> Ended:
        """Runs it to its end. status: the exit status that is expected, None for any."""
        done = subprocess.run(
            self.line(*words),
            cwd=self.folder,
            env=self.environment,
            input=stdin,
            capture_output=True,
            text=True,
            timeout=300,
        )
        ended = Ended(done.returncode, done.stdout, done.stderr)
        if status not in (None, ended.status):
            pytest.fail(f"{words} ended with {ended.status}, not {status}:\n{ended.out}\n{ended.err}")
        return ended

    def begin(self, *words: str | Path) -> subprocess.Popen[str]:
        """Starts it."""
        return subprocess.Popen(
            self.line(*words), cwd=self.folder, env=self.environment, stdout=-1, stderr=-1, text=True
        )

    def line(self, *words: str | Path) -> list[str]:
        return [sys.executable, "-m", "modelserver_cli", *map(str, words)]

    def at(self, address: str, **more: str) -> Command:
        """The same, with a server's address and further variables."""
        return Command(self.folder, {**self.environment, "MODELSERVER_URL": address, **more})


@pytest.fixture
def alone(tmp_path: Path) -> Command:
    """The command without a server."""
    return Command(
        tmp_path,
        {
            "PATH": os.environ["PATH"],
            "HOME": str(tmp_path / "home"),
            "PYTHONPATH": f"{ROOT / 'cli'}:{ROOT / 'functions'}",
            "COLUMNS": "100",
        },
    )


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """One server for all tests that leave no trace that another would trip over."""
    with serving(tmp_path_factory.mktemp("shared"), "--engine", "process") as server:
        yield server


@pytest.fixture
def cli(alone: Command, shared: Server) -> Command:
    return alone.at(shared.address)


@pytest.fixture
def between(shared: Server) -> Iterator[Between]:
    """A way to the shared server that can be watched and cut."""
    with Between.opened(shared.address) as way:
        yield way
