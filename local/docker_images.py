"""The images of packages in the Docker engine: built, published, removed. No other image is touched."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import suppress
from http import HTTPStatus
from typing import cast

from docker import APIClient
from docker.errors import APIError, NotFound

from local.docker_build import DockerBuild
from local.docker_line import Line, calling, reached
from local.job import Job
from modelserver.config import Architecture
from modelserver.dockerfile import labels_of
from modelserver.errors import BuildFailed
from modelserver.jsontypes import Object
from modelserver.package import Artifact, Package

LABEL = "modelserver"

# Where a build stands: a tag of this repository moves from layer to layer, so that the layers of a build that
# ends early, by kill -9 too, have a name to be removed by, and so that nobody prunes them meanwhile.
_BUILDING = "modelserver-building"
# A stage that a package's image took files from: kept as long as the image, to be found by the next build.
_STAGE = "modelserver-stage"
_NONE = "<none>"
_PATIENCE = 30


class DockerImages:
    """registry: "host/path" that images are pushed to; "" leaves them in the engine.

    memory: for each step of a build, in bytes.
    """

    def __init__(self, registry: str, memory: int) -> None:
        self._registry = registry.rstrip("/")
        self._memory = memory

    def build(self, package: Package, architecture: Architecture, context: Iterator[bytes], job: Job) -> str:
        """The ID of a new image without a name of its own. Raises BuildFailed, or what the context raises."""
        with Line() as line, calling() as api:
            name = f"{package.id}-{architecture}"
            build = DockerBuild(job, lambda stage, layer: api.tag(layer, _BUILDING, f"{name}-{stage}"))
            try:
                with job.stopping(line.hang_up), reached():
                    for message in self._messages(line.api, package, context):
                        build.hear(message)
            finally:
                if build.container:
                    remove_container(api, build.container)
        if not build.image:
            raise BuildFailed("The Docker engine ended the build without an image and without a reason.")
        return build.image

    def publish(self, package: Package, image: str, architecture: Architecture, tested: bool, job: Job) -> Artifact:
        """Names the image, and pushes it if there is a registry. Raises BuildFailed when that is refused."""
        repository, tag = self._repository(package), _tag(package, architecture)
        target, uri = f"docker-{architecture}", f"{repository}:{tag}"
        with calling() as api:
            api.tag(image, repository, tag)
            for stage in _names(api, _BUILDING, f"{package.id}-{architecture}"):
                if _id(api, stage) != image:
                    api.tag(stage, _STAGE, stage.partition(":")[2])
        job.log(f"{image} is {uri}\n")
        digest = ""
        if self._registry:
            with job.stage(f"push {target}"):
                digest = _push(repository, tag, job)
        return Artifact(target, uri, digest, tested)

    def forget(self, package: Package) -> None:
        """Removes the traces of a build under way: layers that nothing else needs go with them."""
        with calling() as api:
            for name in _names(api, _BUILDING, package.id):
                # After a kill -9 the engine is still ending the container of that build's last step.
                _untag(api, name, _PATIENCE)

    def remove(self, package: Package) -> None:
        """Removes the package's images from the engine; what a container still uses stays."""
        with calling() as api:
            named: list[str] = _names(api, _STAGE, package.id)
            for image in api.images(filters={"label": f"{LABEL}={package.id}"}):
                named += [image["Id"] if _NONE in name else name for name in image["RepoTags"] or [_NONE]]
            for name in named:
                _untag(api, name)

    def _messages(self, api: APIClient, package: Package, context: Iterator[bytes]) -> Iterator[Object]:
        return cast(
            "Iterator[Object]",
            api.build(
                fileobj=context,  # type: ignore[arg-type]
                custom_context=True,
                rm=True,
                forcerm=True,
                decode=True,
                labels=labels_of(package.config, package.id) | {LABEL: str(package.id)},
                container_limits={"memory": self._memory, "memswap": self._memory},
            ),
        )

    def _repository(self, package: Package) -> str:
        return "/".join(filter(None, (self._registry, package.config.name)))


def remove_container(api: APIClient, container: str) -> None:
    """Stops and removes it with its volumes, and waits until it is gone. No error if it is already."""
    with suppress(APIError):
        api.remove_container(container, force=True, v=True)
    with suppress(APIError):  # the engine may be at it by itself
        api.wait(container, timeout=_PATIENCE, condition="removed")


def _push(repository: str, tag: str, job: Job) -> str:
    """The digest under which the registry has it."""
    digest = ""
    with Line() as line, job.stopping(line.hang_up), reached():
        for message in line.api.push(repository, tag, stream=True, decode=True):
            if "error" in message:
                raise _refused(f"{repository}:{tag}", message["error"])
            digest = message.get("aux", {}).get("Digest", digest)
    job.log(f"pushed as {digest}\n")
    return digest


def _refused(uri: str, error: str) -> BuildFailed:
    host = uri.partition("/")[0]
    return BuildFailed(
        f"{uri} could not be pushed: {error}. See that the registry {host} answers, and that this machine "
        f"may push to it (`docker login {host}`)."
    )


def _untag(api: APIClient, name: str, seconds: float = 0.0) -> None:
    """Removes a name of an image, and the image with the last name; layers of other images stay.

    seconds: how long to wait for containers that use it; after that it stays.
    """
    until = time.monotonic() + seconds
    while True:
        try:
            api.remove_image(name)
            return
        except NotFound:
            return
        except APIError as error:
            if error.status_code != HTTPStatus.CONFLICT:
                raise
            if time.monotonic() >= until:
                return
        time.sleep(0.1)


def _tag(package: Package, architecture: Architecture) -> str:
    return package.id[:12] + ("" if architecture == "cpu" else f"-{architecture}")


def _names(api: APIClient, repository: str, start: str) -> list[str]:
    """The names in a repository of ours whose tags begin like this."""
    names = [name for image in api.images(repository) for name in image["RepoTags"] or ()]
    return [name for name in names if name.startswith(f"{repository}:{start}")]


def _id(api: APIClient, name: str) -> str:
    return str(api.inspect_image(name)["Id"])  # type: ignore[no-untyped-call]
