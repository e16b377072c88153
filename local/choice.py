"""Which engine the demo can really use here: Docker only if its base image is to be had."""

from __future__ import annotations

import sys

import docker
from docker.errors import DockerException

from local.docker_engine import docker_answers

_IMAGE = f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"


def choice() -> str:
    if not docker_answers():
        return "process"
    client = docker.from_env()
    try:
        if not client.images.list(_IMAGE):
            print(f"Fetching {_IMAGE} ...", file=sys.stderr)
            client.images.pull(_IMAGE)
    except DockerException:
        print(f"Docker answers, but {_IMAGE} is not to be had from here: without Docker, then.", file=sys.stderr)
        return "process"
    finally:
        client.close()
    return "docker"


if __name__ == "__main__":
    print(choice())
