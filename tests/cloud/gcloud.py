"""The real gcloud CLI, asking Cloud Build's stand-in and nobody else."""

from __future__ import annotations

import os
import shlex
import subprocess
from dataclasses import dataclass
from pathlib import Path

from modelserver.settings import Settings
from tests.cloud.engines import ROOT
from tests.parts import Part, met

_REGION = ("--region", "us-central1")


@dataclass(frozen=True)
class Gcloud:
    """home: a folder for its configuration. endpoint: of the stand-in."""

    home: Path
    project: str
    endpoint: str

    def __call__(self, *words: str) -> subprocess.CompletedProcess[str]:
        met(Part.GCLOUD)
        environment = {
            "CLOUDSDK_CONFIG": str(self.home),
            "CLOUDSDK_CORE_PROJECT": self.project,
            "CLOUDSDK_CORE_DISABLE_PROMPTS": "true",
            "CLOUDSDK_CORE_DISABLE_USAGE_REPORTING": "true",
            "CLOUDSDK_AUTH_DISABLE_CREDENTIALS": "true",
            "CLOUDSDK_API_ENDPOINT_OVERRIDES_CLOUDBUILD": f"{self.endpoint}/",
        }
        command = ["gcloud", *words, *_REGION]
        return subprocess.run(command, cwd=ROOT, env=os.environ | environment, capture_output=True, text=True)


def submission(settings: Settings, package: str, recipe: str, tag: str, **more: str) -> tuple[str, ...]:
    """The line in model.yaml, as words after `gcloud`; package: its ID; more: other values, "" for none.

    --async, for else the CLI reads the log from Google's own address.
    """
    values = {
        "_BUCKET": settings.bucket,
        "_PACKAGE": package,
        "_BUILD": recipe,
        "_IMAGE": f"{settings.registry}/by-hand",
        "_TAG": tag,
        "_CACHE": f"{settings.registry}/by-hand:cache",
        "_LOGS_BUCKET": settings.logs_bucket,
        "_SERVICE_ACCOUNT": settings.build_service_account,
        **more,
    }
    substitutions = ",".join(f"{key}={value}" for key, value in values.items() if value)
    line = "builds submit --no-source --config buildspecs/model.yaml --async --substitutions"
    return (*shlex.split(line), substitutions)
