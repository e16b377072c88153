"""buildspecs/model.yaml as the build of one package. What is in the file is said there."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from modelserver.errors import Misconfigured
from modelserver.gcp.builds import Build, read_build
from modelserver.package import Package
from modelserver.settings import Settings

_HOST = r"[a-z0-9]+(?:[.-][a-z0-9]+)*(?::[0-9]+)?"
_PATH = r"(?:/[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*)+"
_TAG = r"[0-9a-z]+(?:-gpu)?"
_BUCKET = r"[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]"
_NUMBER = r"[1-9][0-9]{0,17}"

# Every value matches one of these before it is sent: none can be read as anything but text.
_PATTERNS = {
    "_BUCKET": _BUCKET,
    "_LOGS_BUCKET": _BUCKET,
    "_PACKAGE": r"[0-9a-f]{40}",
    "_BUILD": r"[0-9a-f]{32}",
    "_ARCHITECTURES": r"cpu|gpu|cpu gpu",
    "_IMAGE": _HOST + _PATH,
    "_TAG": _TAG,
    "_CACHE": f"{_HOST}{_PATH}:{_TAG}",
    "_SERVICE_ACCOUNT": r"[a-z0-9-]+@[a-z0-9.-]+\.com",
    "_TEST_TIMEOUT": _NUMBER,
    "_TEST_MEMORY": _NUMBER,
    "_TEST_PROCESSES": _NUMBER,
    "_TEST_DISK": _NUMBER,
}
_SAYS = {
    "_BUCKET": "BUCKET",
    "_LOGS_BUCKET": "LOGS_BUCKET",
    "_IMAGE": "REGISTRY",
    "_CACHE": "CACHE_REGISTRY",
    "_SERVICE_ACCOUNT": "BUILD_SERVICE_ACCOUNT",
}


def package_tag(package: Package) -> str:
    return f"package-{package.id}"


def build_tag(package: Package) -> str:
    """By this tag a build is found again: CreateBuild gives no name of ours to it."""
    return f"build-{package.build}"


@dataclass(frozen=True)
class BuildSpec:
    """file: model.yaml. settings: bucket, logs_bucket, registry, build_service_account must be set."""

    file: Path
    settings: Settings

    def of(self, package: Package) -> Build:
        """The build to submit. Raises Misconfigured, naming the setting, when a value has not the form it needs."""
        import yaml  # only here: who looks after builds does not pay for it

        build = read_build(yaml.safe_load(self.file.read_text()))
        values = self._values(package)
        build.substitutions.update({key: _checked(key, value) for key, value in values.items()})
        images, cache = f"{values['_IMAGE']}:{values['_TAG']}", values["_CACHE"]
        further = ["-gpu"] if values["_ARCHITECTURES"] == "cpu gpu" else []
        build.images[:] = [image + suffix for image in (images, cache) for suffix in ("", *further)]
        build.tags.extend([package_tag(package), build_tag(package)])
        lasts: Any = timedelta(seconds=int(self.settings.build_timeout))  # what proto-plus makes a Duration of
        build.timeout = lasts
        return build

    def _values(self, package: Package) -> dict[str, str]:
        settings, architectures = self.settings, sorted(package.config.environment.architectures)
        alone = "-gpu" if architectures == ["gpu"] else ""
        registry = settings.need("registry").rstrip("/")
        cache = settings.cache_registry.rstrip("/") or registry
        return {
            "_BUCKET": settings.need("bucket"),
            "_LOGS_BUCKET": settings.need("logs_bucket"),
            "_PACKAGE": str(package.id),
            "_BUILD": package.build,
            "_ARCHITECTURES": " ".join(architectures),
            "_IMAGE": f"{registry}/{package.config.name}",
            "_TAG": package.id[:12] + alone,
            "_CACHE": f"{cache}/{package.config.name}:cache{alone}",
            "_SERVICE_ACCOUNT": settings.need("build_service_account"),
            "_TEST_TIMEOUT": str(int(settings.test_timeout)),
            "_TEST_MEMORY": str(settings.test_memory),
            "_TEST_PROCESSES": str(settings.test_processes),
            "_TEST_DISK": str(settings.test_disk),
        }


def _checked(key: str, value: str) -> str:
    if re.fullmatch(_PATTERNS[key], value, re.ASCII):
        return value
    setting = f"MODELSERVER_{_SAYS.get(key, key.lstrip('_'))}"
    raise Misconfigured(f"{setting} does not have the form it needs: it makes {key}={value!r}.")
