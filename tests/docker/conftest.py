"""A real engine, a real registry, and packages made on the spot."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import time
import uuid
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import NoReturn
from urllib.request import urlopen

import pytest
from docker import APIClient

from local.docker_engine import DockerBuilder, docker_answers
from local.docker_line import calling
from local.engine import Bounds, LocalEngine
from modelserver.archive import Limits
from modelserver.config import Config, Environment, Example, ModelName
from modelserver.frameworks import Facts
from modelserver.memory import MemoryStorage
from modelserver.package import Outcome, Package, PackageID
from modelserver.settings import Settings
from tests.docker.recipes import RUNTIME, RecipeBuilder
from tests.parts import Part, met

HERE = Path(__file__).parent
REGISTRY = "localhost:5001"
ROOT = HERE.parents[1]

_LIMITS = Limits(entries=1000, unpacked=1024**3, ratio=1000)
_SETTINGS = Settings(
    base_image_prefix="localhost/",
    test_timeout=30,
    test_memory=256 * 1024**2,
    test_processes=32,
    test_disk=32 * 1024**2,
)


@pytest.fixture(scope="session", autouse=True)
def engine() -> Iterator[APIClient]:
    """The engine itself, to look at what users would see there."""
    if not docker_answers():
        _missing("no Docker engine answers; tests/docker/start.sh installs and starts one")
    made = subprocess.run([HERE / "base_image.sh"], capture_output=True, text=True)
    if made.returncode:
        _missing(f"the base image could not be made: {made.stderr}")
    with calling() as api:
        yield api


@pytest.fixture
def registry() -> str:
    """Where images may be pushed to."""
    try:
        with urlopen(f"http://{REGISTRY}/v2/"):
            met(Part.REGISTRY)
            return f"{REGISTRY}/tests"
    except OSError:
        _missing(f"no registry answers on {REGISTRY}; tests/docker/start.sh installs and starts one")


@pytest.fixture
def workshop(engine: APIClient, tmp_path: Path) -> Iterator[Workshop]:
    """Packages are made and built in it; at the end nothing of theirs is left in the engine."""
    workshop = Workshop(engine, tmp_path)
    yield workshop
    workshop.tear_down()


@dataclass(frozen=True)
class Doomed:
    """A server in a process of its own, and the log of what it builds."""

    process: subprocess.Popen[bytes]
    log: Path

    def await_text(self, text: str, seconds: float = 60.0) -> None:
        until = time.monotonic() + seconds
        while not (self.log.exists() and text in self.log.read_text()):
            assert time.monotonic() < until and self.process.poll() is None, f"it never said {text!r}"
            time.sleep(0.05)


class Workshop:
    """A LocalEngine with a DockerBuilder. settings, seconds: change them before the first build.

    recipe: a Dockerfile instead of the project's own, for steps that must be slow or fail.
    """

    def __init__(self, engine: APIClient, folder: Path) -> None:
        self.settings = _SETTINGS
        self.seconds = 120.0
        self.recipe = ""
        self._engine = engine
        self._folder = folder
        self._storage = MemoryStorage()
        self._packages: list[Package] = []
        self._local: LocalEngine | None = None

    def package(self, files: dict[str, str], *examples: Example, **environment: object) -> Package:
        """Its ID is new each time, so that nothing is found built."""
        upload = self._storage.receive([zipped(files)], 1024**3)
        config = Config(
            ModelName("tests/tiny"),
            "infer.py:Model",
            Environment(**{"python_version": "3.11", "architectures": ("cpu",), **environment}),  # type: ignore[arg-type]
            examples,
        )
        package_id = PackageID((uuid.uuid4().hex * 2)[:40])
        package = Package(package_id, config, "", upload.size, upload.sha256, upload.name, uuid.uuid4().hex)
        self._packages.append(package)
        return package

    def model(self, run: str, *examples: Example, setup: str = "pass") -> Package:
        """A package whose model has this as the body of run()."""
        lines = ["import os, sys, time", "class Model:", f"    def setup(self): {setup}", "    def run(self):"]
        source = "\n".join(lines + [f"        {line}" for line in run.splitlines()])
        return self.package({"infer.py": source}, *examples)

    def build(self, package: Package) -> Outcome:
        self.local.submit(package)
        outcome = self.local.wait(package, 120)
        assert outcome, f"the build did not end: {self.log(package)}"
        return outcome

    def again(self, package: Package) -> Package:
        """The same package with a build of its own."""
        return replace(package, build=uuid.uuid4().hex)

    @property
    def builder(self) -> DockerBuilder:
        if self.recipe:
            return RecipeBuilder(self.recipe, self.settings)
        return DockerBuilder(self.settings, Facts.load(), RUNTIME)

    @contextmanager
    def doomed(self, package: Package, recipe: str) -> Iterator[Doomed]:
        """Another server that builds the package, and is killed at the end of the block."""
        record, packed, dockerfile = (self._folder / name for name in ("record", "zip", "recipe"))
        record.write_text(json.dumps(package.to_record()))
        packed.write_bytes(self._storage.open(package.upload).data)
        dockerfile.write_text(recipe)
        log = self._folder / "doomed.log"
        command = [sys.executable, "-m", "tests.docker.doomed", *map(str, (record, packed, dockerfile, log))]
        path = os.pathsep.join(str(folder) for folder in (ROOT / "functions", ROOT))
        process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "PYTHONPATH": path})
        try:
            yield Doomed(process, log)
        finally:
            process.kill()
            process.wait()

    @property
    def local(self) -> LocalEngine:
        if not self._local:
            bounds = Bounds(2, self.seconds, _LIMITS)
            self._local = LocalEngine(self.builder, self._storage, self._folder / "builds", bounds)
        return self._local

    def log(self, package: Package) -> str:
        return self.local.log(package, 0).decode()

    def left(self, package: Package, log: str = "") -> list[str]:
        """What the engine still has of a package: containers, images, layers that no image needs, names.

        log: of another build of it than the last.
        """
        log += self.log(package)
        layers = set(re.findall(r"---> ([0-9a-f]{12})", log))
        running = set(re.findall(r"---> Running in ([0-9a-f]{12})", log))
        containers = self._engine.containers(all=True)
        images = self._engine.images()
        return [
            *(c["Id"] for c in containers if c["Id"][:12] in running or str(package.id) in c["Labels"].values()),
            *(i["Id"] for i in images if str(package.id) in (i["Labels"] or {}).values()),
            *(i["Id"] for i in images if _is_dangling(i["RepoTags"]) and i["Id"][7:19] in layers),
            *(name for i in images for name in i["RepoTags"] or () if str(package.id) in name),
        ]

    def tear_down(self) -> None:
        self.local.close()
        for package in self._packages:
            self.builder.clean(package)
            self.local.remove(package)
        assert [left for package in self._packages for left in self.left(package)] == []


def zipped(files: dict[str, str]) -> bytes:
    """A zip with these files and a jid.yaml."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        for path, content in {"jid.yaml": "name: tests/tiny\nmodel: infer.py:Model\n", **files}.items():
            file.writestr(path, content)
    return buffer.getvalue()


def _is_dangling(names: list[str] | None) -> bool:
    return not names or names == ["<none>:<none>"]


def _missing(what: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(what)
    pytest.skip(what)
