"""Is what a record names as built still there, and still what was built?"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from docker.errors import APIError, NotFound

from local.context import about
from local.docker_images import LABEL
from local.docker_line import calling
from local.process_engine import Place
from modelserver.archive import Archive, File
from modelserver.audit import ANEW, Damage
from modelserver.package import Artifact, Package

_PARTS = {"venv", "model", "runtime", "jid"}


def process_damage(package: Package, artifact: Artifact, archive: Archive, folder: Path) -> Iterator[Damage]:
    """A package's environment in `folder`: its Python starts, its files are those of the zip."""
    place = Place(folder / package.id)
    if artifact.uri != place.folder.as_uri():
        yield Damage(package.id, f"its environment was made in {artifact.uri}, and the data folder is {folder}", ANEW)
        return
    for path in (place.python, place.script):
        if not os.access(path, os.X_OK):
            yield Damage(package.id, f"{path} is not there, or is no program", ANEW)
    if not _has(place.about, [about(package)]):
        yield Damage(package.id, f"{place.about} is not what was written", ANEW)
    for file in archive.files:
        if not _same(place.source / file.path, file, archive):
            yield Damage(package.id, f"{file.path} in its environment is not the one of its zip", ANEW)
    for path in place.folder.glob("*"):
        if path.name not in _PARTS:
            yield Damage(package.id, f"{path} is left of a test that was cut off", "remove it")


def docker_damage(package: Package, artifact: Artifact) -> Iterator[Damage]:
    """An image in the engine, and in the registry that it was pushed to. Raises Unavailable without an engine."""
    with calling() as api:
        try:
            labels = api.inspect_image(artifact.uri)["Config"].get("Labels") or {}  # type: ignore[no-untyped-call]
            if labels.get(LABEL) != package.id:
                yield Damage(package.id, f"the image {artifact.uri} is another one's", ANEW)
        except NotFound:
            if not artifact.digest:
                yield Damage(package.id, f"the image {artifact.uri} is not in the Docker engine", ANEW)
        if artifact.digest:
            yield from _pushed_damage(package, artifact, _pushed(api, artifact))


def _pushed(api: object, artifact: Artifact) -> str:
    """The digest of the tag in its registry; "" if it cannot be had."""
    try:
        found = api.inspect_distribution(artifact.uri)  # type: ignore[attr-defined]
    except APIError:
        return ""
    return str(found["Descriptor"]["digest"])


def _pushed_damage(package: Package, artifact: Artifact, found: str) -> Iterator[Damage]:
    if not found:
        yield Damage(package.id, f"the registry does not give {artifact.uri}", f"see that it answers; else {ANEW}")
    elif found != artifact.digest:
        yield Damage(package.id, f"{artifact.uri} is {found} in the registry; pushed was {artifact.digest}", ANEW)


def _same(path: Path, file: File, archive: Archive) -> bool:
    try:
        executable = bool(path.stat().st_mode & 0o100)
    except OSError:
        return False
    return executable == file.executable and _has(path, archive.stream(file))


def _has(path: Path, chunks: object) -> bool:
    """Whether the file has just these bytes."""
    try:
        with path.open("rb") as opened:
            same = all(opened.read(len(chunk)) == chunk for chunk in chunks)  # type: ignore[attr-defined]
            return same and not opened.read(1)
    except OSError:
        return False
