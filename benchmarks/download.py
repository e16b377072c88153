"""Downloads of a large package, whole and the last half of it, beside docker-registry's and nginx's of the same bytes.

All three read from the disk's cache: the first pair does not count. nginx sends the very file that modelserver stores.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from urllib.request import Request, urlopen

from benchmarks import zips
from benchmarks.measuring import curl, in_turn
from benchmarks.servers import Server, docker_registry, modelserver, nginx
from benchmarks.table import Row, seconds
from benchmarks.upload import pushed
from benchmarks.work import CURL, DOCKER_REGISTRY, NGINX, Scale, Work

_BOUND = 1.1


def _beside_nginx(scale: Scale, folder: Path) -> Iterator[Row]:
    with _uploaded(folder, scale) as (_, ours), nginx(folder / "nginx", folder / "data" / "packages") as theirs:
        (stored,) = (folder / "data" / "packages").iterdir()
        other = f"{theirs.address}/{stored.name}"
        half = f"{stored.stat().st_size // 2}-"
        for what, status, words in (("download", "200", ()), ("Range, the last half", "206", ("--range", half))):
            get = partial(_got, words=words, status=status)
            pairs = in_turn(partial(get, ours), partial(get, other), scale.rounds, warm=True)
            yield Row.of(f"{what} of {scale.mebibytes} MiB", "nginx, sendfile", pairs, seconds, _BOUND)


def _beside_registry(scale: Scale, folder: Path) -> Iterator[Row]:
    with _uploaded(folder, scale) as (package, ours), docker_registry(folder / "theirs") as theirs:
        digest = pushed(theirs, package)
        other = f"{theirs.address}/v2/bench/large/blobs/{digest}"
        get: Callable[[str], float] = partial(_got, words=(), status="200")
        pairs = in_turn(partial(get, ours), partial(get, other), scale.rounds, warm=True)
        yield Row.of(f"download of {scale.mebibytes} MiB", "docker-registry's GET", pairs, seconds, _BOUND)


def _got(address: str, words: tuple[str, ...], status: str) -> float:
    return curl(status, address, *words)


@contextmanager
def _uploaded(folder: Path, scale: Scale) -> Iterator[tuple[Path, str]]:
    """A large package, and the address of its zip on a server that has built it."""
    package = zips.stored(folder / "package.zip", scale.mebibytes)
    with modelserver(folder / "data") as server:
        yield package, f"{server.packages}/{_ready(server, package)}.zip"


def _ready(server: Server, package: Path) -> str:
    with package.open("rb") as body:
        headers = {"Content-Type": "application/zip", "Content-Length": str(package.stat().st_size)}
        with urlopen(Request(f"{server.packages}/upload", body, headers)) as answer:
            known = json.load(answer)
    return str(known["ID"])


WORKS = (
    Work("download beside nginx", _beside_nginx, (CURL, NGINX)),
    Work("download beside docker-registry", _beside_registry, (CURL, DOCKER_REGISTRY)),
)
