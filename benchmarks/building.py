"""From a package to what can be run, beside the same typed by hand: with uv, and with docker.

The package is examples/hello without our library, and with numpy. Each round changes a line of its code, so that each
is a package of its own; a first pair, which fetches and caches, does not count. By hand the files lie there already.
Ours is the time of `curl -F file=@hello.zip`, to the 201: sent, checked, stored, built, tested, pushed and recorded.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from urllib.request import Request, urlopen

from uv import find_uv_bin

from benchmarks import zips
from benchmarks.measuring import curl, in_turn, timed
from benchmarks.servers import Server, docker_registry, modelserver
from benchmarks.table import Row, megabytes, number, seconds
from benchmarks.work import CURL, DOCKER, DOCKER_REGISTRY, Missing, Scale, Work

_NUMPY = "numpy==2.2.6"
_PYTHON = "3.11"
_IMAGE = f"python:{_PYTHON}-slim"
_TRY = (
    "from infer import Model; m = Model(); assert m.run() == 'hello world' and m.run('you', 3) == 'hello you you you'"
)
_DOCKERFILE = f"""FROM {{base}}
RUN pip install --no-cache-dir {_NUMPY}
WORKDIR /app
COPY . .
CMD ["python", "-c", {json.dumps(_TRY)}]
"""
_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class Rounds:
    """Both sides' work; each call is about a package that has not been before. name: of the models, by its number."""

    def __init__(self, folder: Path, server: Server) -> None:
        self._folder = folder
        self._server = server
        self._number = count()

    def ours(self, name: str = "bench/hello", python: str = "") -> float:
        package = zips.hello(self._folder / "hello.zip", name, _NUMPY, python, self._line())
        return curl("201", f"{self._server.packages}/upload", "--form", f"file=@{package}")

    def by_hand(self) -> Path:
        """A folder with the package's files."""
        line = self._line()
        folder = self._folder / line.strip("# \n")
        folder.mkdir()
        for path, text in zips.hello_files("bench/hello", _NUMPY, "", line).items():
            (folder / path).write_text(text)
        return folder

    def _line(self) -> str:
        return f"# {next(self._number)}\n"


def _process(scale: Scale, folder: Path) -> Iterator[Row]:
    uv = shlex.quote(find_uv_bin())
    typed = f"{uv} venv && {uv} pip install {_NUMPY} && .venv/bin/python -c {shlex.quote(_TRY)}"
    with modelserver(folder / "data") as server:
        rounds = Rounds(folder, server)
        pairs = in_turn(rounds.ours, lambda: timed(["sh", "-c", typed], cwd=rounds.by_hand()), scale.rounds, warm=True)
    yield Row.of("hello with numpy to ready, process engine", "uv venv && uv pip && run", pairs, seconds, 1.25)


def _docker(scale: Scale, folder: Path) -> Iterator[Row]:
    with _shipyard(folder) as yard:
        new, again = "hello with numpy to ready, docker engine, warm", "second push after a one-line change"
        typed = "docker build && run && push"
        pairs = in_turn(lambda: yard.ours(new=True), lambda: yard.theirs(new=True), scale.rounds, warm=True)
        yield Row.of(new, typed, pairs, seconds, 1.15)
        sizes = (yard.size(yard.images[0][-1]), yard.size(yard.images[1][-1]))
        yield Row.of("bytes of its image", "FROM slim, pip install", [sizes], megabytes, 1.03)
        pairs = in_turn(lambda: yard.ours(new=False), lambda: yard.theirs(new=False), scale.rounds, warm=True)
        yield Row.of(again, typed, pairs, seconds, 1.15)
        layers = [yard.layers(images[-1]) - yard.layers(images[-2]) for images in yard.images]
        yield Row.of("its new layers", "the same by hand", [(len(layers[0]), len(layers[1]))], number, 1.0)


class Yard:
    """Images made by the docker engine and by hand, pushed to one registry. images: of both, by tag, in order."""

    def __init__(self, rounds: Rounds, server: Server, registry: Server, base: str) -> None:
        self._rounds = rounds
        self._server = server
        self._registry = registry
        self._base = base
        self._names = count()
        self.images: tuple[list[str], list[str]] = ([], [])

    def ours(self, new: bool) -> float:
        """new: under a name that the registry does not have."""
        taken = self._rounds.ours(f"bench/ours-{self._name(new)}", _PYTHON)
        with urlopen(f"{self._server.packages}/") as answer:
            self.images[0].append(json.load(answer)[0]["Artifacts"][0]["URI"])
        return taken

    def theirs(self, new: bool) -> float:
        folder = self._rounds.by_hand()
        (folder / "Dockerfile").write_text(_DOCKERFILE.format(base=self._base))
        tag = f"{self._registry.address.removeprefix('http://')}/bench/theirs-{self._name(new)}:{folder.name}"
        self.images[1].append(tag)
        typed = f"docker build --tag {tag} . && docker run --rm {tag} && docker push {tag}"
        return timed(["sh", "-c", typed], cwd=folder)

    def size(self, image: str) -> int:
        asked = ["docker", "image", "inspect", "--format", "{{.Size}}", image]
        return int(subprocess.run(asked, check=True, capture_output=True).stdout)

    def layers(self, image: str) -> set[str]:
        """The digests of what the registry has of it."""
        repository, _, tag = image.partition("/")[2].rpartition(":")
        request = Request(f"{self._registry.address}/v2/{repository}/manifests/{tag}", headers={"Accept": _MANIFEST})
        with urlopen(request) as answer:
            return {layer["digest"] for layer in json.load(answer)["layers"]}

    def clear(self) -> None:
        """Removes all of it from the engine."""
        with urlopen(f"{self._server.packages}/?status=any&limit=1000") as answer:
            for package in json.load(answer):
                urlopen(Request(f"{self._server.packages}/{package['ID']}", method="DELETE")).close()
        if self.images[1]:
            subprocess.run(["docker", "rmi", "--force", *self.images[1]], capture_output=True)

    def _name(self, new: bool) -> str:
        return str(next(self._names)) if new else "again"


@contextmanager
def _shipyard(folder: Path) -> Iterator[Yard]:
    prefix = _prefix()
    with docker_registry(folder / "registry") as registry:
        host = registry.address.removeprefix("http://")
        settings = {"registry": host, "base_image_prefix": prefix}
        with modelserver(folder / "data", "docker", **settings) as server:
            yard = Yard(Rounds(folder, server), server, registry, prefix + _IMAGE)
            try:
                yield yard
            finally:
                yard.clear()


def _prefix() -> str:
    """Before the base image that is on this machine. Raises Missing if there is none."""
    for prefix in (os.environ.get("MODELSERVER_BASE_IMAGE_PREFIX", ""), "", "localhost/"):
        if subprocess.run(["docker", "image", "inspect", prefix + _IMAGE], capture_output=True).returncode == 0:
            return prefix
    raise Missing(f"{_IMAGE} is not on this machine: docker pull {_IMAGE}, or tests/docker/base_image.sh")


WORKS = (
    Work("hello to ready, process engine", _process, (CURL,)),
    Work("hello to ready, docker engine", _docker, (CURL, DOCKER, DOCKER_REGISTRY)),
)
