"""The images that steps name, made of what this machine has: one base image, and its own gcloud and docker."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

from tests.parts import Part, met

_BASE = "localhost/python:3.11-slim"
_SDK = "/usr/lib/google-cloud-sdk"  # in a step, wherever this machine has it


@dataclass(frozen=True)
class Builder:
    """image: in the engine. mounts: as `docker run --volume` has them, read-only."""

    image: str
    mounts: tuple[str, ...] = ()


def builder(name: str) -> Builder:
    """What stands for the image of this name. Raises LookupError if nothing does."""
    repository = re.sub(r"(@sha256:[0-9a-f]+|:[\w.-]+)$", "", name)
    if repository in ("docker", "gcr.io/cloud-builders/docker"):
        return Builder(_BASE, (f"{_found('docker')}:/usr/bin/docker:ro",))
    if repository in ("gcr.io/google.com/cloudsdktool/google-cloud-cli", "gcr.io/cloud-builders/gcloud"):
        # The launcher finds the rest of the SDK beside itself.
        return Builder(_BASE, (f"{_sdk()}:{_SDK}:ro",))
    if repository == "python":
        return Builder(_BASE)
    raise LookupError(f"nothing on this machine stands for the image {name}")


def gcloud_environment(storage: str, project: str) -> dict[str, str]:
    """What the metadata server would tell gcloud in a step: where things are, who it is. storage: a URL."""
    return {
        "PATH": f"{_SDK}/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
        "CLOUDSDK_API_ENDPOINT_OVERRIDES_STORAGE": f"{storage}/storage/v1/",
        "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
        "CLOUDSDK_CORE_PROJECT": project,
        "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
        "CLOUDSDK_CONFIG": "/tmp/gcloud",
    }


def _found(command: str) -> str:
    path = shutil.which(command)
    if not path:
        raise LookupError(f"the command {command} is missing on this machine")
    return str(Path(path).resolve())


def _sdk() -> Path:
    met(Part.GCLOUD)
    return Path(_found("gcloud")).parents[1]
