"""How to build one package in Cloud Build: a small gzipped tar.

Dockerfile.cpu, Dockerfile.gpu   one for each architecture
model/jid.json                   what the runtime must know of the package
runtime/jid/*.py                 the library that travels inside the image
zip.url                          gs://bucket/object#generation: the very zip that was checked
manifest.json                    {"SHA256", "Members": [archive.File...]}: what it must be, what lies where
lay.py, judge.py                 what the build does itself (gcp/steps/)
modelserver/*.py                 the part of the server that reads a test's report

The zip is not copied. The same package gives the same bytes, without times and owners.
"""

from __future__ import annotations

import gzip
import io
import json
import tarfile
from collections.abc import Mapping
from pathlib import Path

from modelserver.archive import Archive, open_archive
from modelserver.dockerfile import dockerfile, labels_of
from modelserver.inspection import Rules, requirements
from modelserver.package import Package
from modelserver.ports import Reader
from modelserver.wheels import wheels

_SERVER = Path(__file__).parents[1]
_STEPS = ("lay.py", "judge.py")
_JUDGING = ("__init__.py", "config.py", "errors.py", "jsontypes.py", "package.py", "stages.py", "trial.py")


def recipe_of(package: Package, reader: Reader, zip_url: str, rules: Rules, runtime: Path) -> bytes:
    """The recipe of the zip that is read. zip_url: gs://bucket/object#generation. runtime: the `jid` library."""
    archive = open_archive(reader, rules.limits)
    return recipe(package, archive, zip_url, _dockerfiles(package, archive, rules), runtime)


def recipe(package: Package, archive: Archive, zip_url: str, dockerfiles: Mapping[str, str], runtime: Path) -> bytes:
    """A gzipped tar. zip_url: gs://bucket/object#generation."""
    manifest = {"SHA256": package.sha256, "Members": [file._asdict() for file in archive.files]}
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


def _dockerfiles(package: Package, archive: Archive, rules: Rules) -> dict[str, str]:
    needed = requirements(archive, package.config)
    return {
        architecture: dockerfile(
            package.config,
            architecture,
            wheels(package.config, needed, rules.facts, architecture, package.completion),
            labels=labels_of(package.config),
            base_image_prefix=rules.base_image_prefix,
            package_index=rules.package_index,
        )
        for architecture in package.config.environment.architectures
    }


def _packed(files: Mapping[str, bytes]) -> bytes:
    target = io.BytesIO()
    with gzip.GzipFile(fileobj=target, mode="wb", mtime=0) as zipped, tarfile.open(fileobj=zipped, mode="w") as tar:
        for name, content in sorted(files.items()):
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
    return target.getvalue()
