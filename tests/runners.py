"""The runners of this machine, for tests, with real models built by real engines."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from local.house import starter
from local.runner import LocalRunner, Warmth
from modelserver.package import Package, PackageID
from modelserver.ports import Call, Reply, Runner
from modelserver.settings import Settings
from tests.engines import local_engine
from tests.packages import model, record, zipped

SOON = 120.0


@dataclass
class RunnerWorld:
    """A runner, and packages that it can run. ready: builds a model of this code, and returns it as recorded then."""

    runner: Runner
    ready: Callable[[str], Package]


def json_call(text: str = "{}", accept: str = "") -> Call:
    """curl -H 'Content-Type: application/json' -d ..."""
    body = text.encode()
    return Call(iter([body]), len(body), "application/json", accept)


def whole(reply: Reply) -> bytes:
    """All of it, closed."""
    try:
        return b"".join(reply.body)
    finally:
        reply.close()


@contextmanager
def built(kind: str, folder: Path, registry: str = "") -> Iterator[Callable[[str], Package]]:
    """Builds a model of this code, and gives the package as it is recorded then; all is gone at the end."""
    made: list[Package] = []
    with local_engine(kind, folder, registry=registry) as (engine, storage):

        def ready(code: str) -> Package:
            upload = storage.receive(iter([zipped(model(code))]), 1 << 30)
            storage.keep(upload.name)
            package = record(len(made) + 1, upload=upload.name)
            package = replace(package, id=PackageID((package.build + package.build)[:40]))
            made.append(package)
            engine.submit(package)
            outcome = engine.wait(package, SOON)
            assert outcome and not outcome.error, outcome
            return package.ended(outcome)

        try:
            yield ready
        finally:
            for package in made:
                engine.remove(package)


@contextmanager
def local_world(
    kind: str, folder: Path, *, count: int = 4, idle: float = 300.0, run: float = 60.0
) -> Iterator[RunnerWorld]:
    settings = Settings(data=folder, engine=kind, test_memory=512 * 1024**2, run_timeout=run)
    with built(kind, folder) as ready:
        runner = LocalRunner(starter(kind, settings, folder, {"PATH": "/usr/bin:/bin"}), Warmth(count, idle, run))
        runner.open()
        try:
            yield RunnerWorld(runner, ready)
        finally:
            runner.close()
