"""Which engine the demo can really use here: Docker only if its base image is to be had."""

from __future__ import annotations

import os
import sys

import docker
from docker.errors import DockerException

from local.docker_engine import docker_answers
from modelserver.settings import Settings


def choice() -> str:
    if not docker_answers():
        return "process"
    prefix = Settings.from_environment(os.environ).base_image_prefix
    image = f"{prefix}python:{sys.version_info.major}.{sys.version_info.minor}-slim"
    client = docker.from_env()
    try:
        if not client.images.list(image):
            print(f"Fetching {image} ...", file=sys.stderr)
            client.images.pull(image)
    except DockerException:
        print(f"Docker answers, but {image} is not to be had from here: without Docker, then.", file=sys.stderr)
        return "process"
    finally:
        client.close()
    return "docker"


if __name__ == "__main__":
    print(choice())
