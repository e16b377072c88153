"""Builds as Cloud Build tells of them, made by hand, and the messages that tell."""

from __future__ import annotations

import base64
import json

from google.cloud.devtools.cloudbuild_v1 import Build

from modelserver.gcp.builds import read_message
from modelserver.jsontypes import JSON, Object
from modelserver.package import Package
from tests.cloud.cloudbuild_standin.delivery import message

IMAGE = "us-central1-docker.pkg.dev/p/models/tests/hello"
DIGEST = f"sha256:{'a' * 64}"
STEPS = ("fetch", "build", "test", "judge")
EVIDENCE: Object = {"Schema": {"Input": {}}, "Test": {"Passed": True}, "Tested": ["cpu"]}


def build_of(package: Package, status: str, **more: JSON) -> Build:
    """The build that package.build names, as far as a message tells of it. more: fields in the API's JSON."""
    fields: Object = {
        "id": "0c1f6f2e-0000-4000-8000-000000000001",
        "projectId": "p",
        "status": status,
        "timeout": "1800s",
        "tags": ["modelserver", f"package-{package.id}", f"build-{package.build}"],
        "substitutions": {"_IMAGE": IMAGE, "_TAG": package.id[:12]},
        "steps": [{"id": step, "name": "docker", "status": "SUCCESS"} for step in STEPS],
    }
    return read_message(fields | more)


def succeeded(package: Package) -> Build:
    image: Object = {"name": f"{IMAGE}:{package.id[:12]}", "digest": DIGEST}
    cache: Object = {"name": f"{IMAGE}:cache", "digest": DIGEST}
    outputs: list[JSON] = ["", "", "", base64.b64encode(json.dumps(EVIDENCE).encode()).decode()]
    return build_of(package, "SUCCESS", results={"images": [image, cache], "buildStepOutputs": outputs})


def failed_at(package: Package, step: str) -> Build:
    steps: list[JSON] = [
        {"id": one, "name": "docker", "status": "FAILURE" if one == step else "SUCCESS"} for one in STEPS
    ]
    return build_of(package, "FAILURE", steps=steps, failureInfo={"type": "USER_BUILD_STEP", "detail": "exit 1"})


def told(build: Build) -> Object:
    """The CloudEvent data of the message about it."""
    return message(build)
