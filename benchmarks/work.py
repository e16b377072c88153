"""What `python -m benchmarks` measures: works, how large they are, and what each one needs."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from benchmarks.table import Row
from local.docker_line import docker_answers


@dataclass(frozen=True)
class Scale:
    """mebibytes: of a large package. files: of a package of small ones. packages: in a long list.

    rounds: pairs for each row. seconds: of each load.
    """

    mebibytes: int = 1024
    files: int = 50_000
    packages: int = 100_000
    rounds: int = 5
    seconds: int = 5

    @property
    def is_full(self) -> bool:
        """Whether the bounds, which are for these sizes, mean something."""
        sizes = ((self.mebibytes, 1024), (self.files, 50_000), (self.packages, 100_000))
        return all(size >= full for size, full in sizes)


QUICK = Scale(mebibytes=4, files=200, packages=300, rounds=1, seconds=1)


class Need(NamedTuple):
    """what: as it is called. cure: how to come by it. found: whether it is there."""

    what: str
    cure: str
    found: Callable[[], bool]


class Missing(Exception):
    """Why a row cannot be had on this machine, with the cure."""


@dataclass(frozen=True)
class Work:
    """One or a few rows that are measured together. rows: gets the scale and an empty folder.

    It raises Missing where something is missing that cannot be seen beforehand. slow: however small the scale is.
    """

    name: str
    rows: Callable[[Scale, Path], Iterator[Row]]
    needs: tuple[Need, ...] = ()
    slow: bool = False

    def missing(self) -> str:
        """What it lacks here, in words; "" if nothing."""
        return ", ".join(f"{need.what} ({need.cure})" for need in self.needs if not need.found())


def program(name: str, package: str = "") -> Need:
    """A program on PATH, and the Debian package that has it."""
    return Need(name, f"apt-get install {package or name}", lambda: shutil.which(name) is not None)


CURL = program("curl")
DOCKER_REGISTRY = program("docker-registry")
DOCKER = Need("a Docker engine that answers", "start dockerd, or Docker Desktop", docker_answers)
GIT = program("git")
NGINX = program("nginx", "nginx-light")
UNZIP = program("unzip")
WRK = program("wrk")
