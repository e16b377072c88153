"""The engines of local mode, for tests, with real builders."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.docker_engine import docker_answers
from local.engine import Bounds, LocalEngine
from local.files import FileStorage
from local.house import builder
from modelserver.archive import Limits
from modelserver.frameworks import Facts
from modelserver.settings import Settings, tools
from tests.parts import Part, met

LIMITS = Limits(10_000, 1 << 30, 200)


def need_docker() -> None:
    """Skips the test where no Docker engine answers; fails it there in CI, which must have one."""
    if docker_answers():
        return
    reason = "no Docker engine answers: start dockerd, or Docker Desktop"
    if os.environ.get("CI") == "true":
        pytest.fail(reason)
    pytest.skip(reason)


@contextmanager
def local_engine(
    kind: str, folder: Path, seconds: float = 300.0, registry: str = ""
) -> Iterator[tuple[LocalEngine, FileStorage]]:
    """An engine of this machine and the storage that it reads."""
    if kind == "docker":
        need_docker()
    else:
        met(Part.PROCESS)
    settings = Settings(data=folder, engine=kind, base_image_prefix="localhost/", registry=registry)
    storage = FileStorage(folder)
    made = builder(settings, Facts.load(), tools(os.environ))
    engine = LocalEngine(made, storage, folder / "builds", Bounds(2, seconds, LIMITS))
    yield engine, storage
    engine.close()
