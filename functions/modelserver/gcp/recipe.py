"""How to build one package in Cloud Build: a small object in the bucket, `recipes/<package ID>/<build>.tar.gz`.

Dockerfile.cpu, Dockerfile.gpu   one for each architecture
model/jid.json                   what the runtime must know of the package
runtime/jid/*.py                 the library that travels inside the image
zip.url                          gs://bucket/object#generation: the very zip that was checked
manifest.json                    {"SHA256", "Members": [archive.File...]}: what it must be, what lies where
lay.py, judge.py                 what the build does itself (gcp/steps/)
modelserver/*.py                 the part of the server that reads a test's report

The zip is not copied. A recipe is never replaced, for each build has its own; the same package gives the same
bytes, without times and owners.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from dataclasses import asdict
from functools import cached_property
from pathlib import Path

from modelserver.archive import Archive, open_archive
from modelserver.dockerfile import dockerfile
from modelserver.errors import Unavailable
from modelserver.gcp.objects import Objects
from modelserver.gcp.storage import CloudStorage
from modelserver.inspection import Rules, requirements
from modelserver.package import Package
from modelserver.settings import Settings
from modelserver.wheels import wheels

_SERVER = Path(__file__).parents[1]
_STEPS = ("lay.py", "judge.py")
_JUDGING = ("__init__.py", "config.py", "errors.py", "jsontypes.py", "package.py", "trial.py")


class Recipes:
    """The recipes in the bucket of zips. runtime: the folder of the `jid` library."""

    def __init__(self, settings: Settings, objects: Objects, storage: CloudStorage, runtime: Path) -> None:
        self._settings = settings
        self._objects = objects
        self._storage = storage
        self._runtime = runtime

    def write(self, package: Package) -> None:
        """For package.build, of the kept zip package.upload. Twice is once. Raises Unavailable if the zip is gone."""
        zipped = self._storage.find(package.upload)
        if zipped is None:
            raise Unavailable(f"The zip of package {package.id} is not in Cloud Storage.")
        reader = self._storage.open(package.upload)
        try:
            archive = open_archive(reader, self._rules.limits)
            address = f"gs://{self._settings.need('bucket')}/{zipped.key}#{zipped.generation}"
            content = recipe(package, archive, address, self._dockerfiles(package, archive), self._runtime)
        finally:
            reader.close()
        self._objects.put(_key(package), io.BytesIO(content), len(content))

    def remove(self, package: Package) -> None:
        """No error if there is none."""
        self._objects.remove(_key(package))

    @cached_property
    def _rules(self) -> Rules:
        """Read when a package is built, not when one is looked at."""
        return Rules.of(self._settings)

    def _dockerfiles(self, package: Package, archive: Archive) -> dict[str, str]:
        needed, rules = requirements(archive, package.config), self._rules
        return {
            architecture: dockerfile(
                package.config,
                architecture,
                wheels(package.config, needed, rules.facts, architecture, package.completion),
                base_image_prefix=rules.base_image_prefix,
                package_index=rules.package_index,
            )
            for architecture in package.config.environment.architectures
        }


def recipe(package: Package, archive: Archive, zip_url: str, dockerfiles: Mapping[str, str], runtime: Path) -> bytes:
    """A gzipped tar. zip_url: gs://bucket/object#generation."""
    manifest = {"SHA256": package.sha256, "Members": [asdict(file) for file in archive.files]}
    files = {f"Dockerfile.{architecture}": text.encode() for architecture, text in dockerfiles.items()}
    files["model/jid.json"] = json.dumps(package.to_runtime(), indent=1).encode()
    files["zip.url"] = zip_url.encode()
    files["manifest.json"] = json.dumps(manifest).encode()
    files |= {
        f"runtime/jid/{path.relative_to(runtime).as_posix()}": path.read_bytes() for path in runtime.rglob("*.py")
    }
    files |= {name: (_SERVER / "gcp" / "steps" / name).read_bytes() for name in _STEPS}
    files |= {f"modelserver/{name}": (_SERVER / name).read_bytes() for name in _JUDGING}
    return _packed(files)


def _key(package: Package) -> str:
    return f"recipes/{package.id}/{package.build}.tar.gz"


def _packed(files: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    with gzip.GzipFile(fileobj=target, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return target.getvalue()
