"""Models kept running in the Docker engine, each in a container as closed as the one that it was tested in."""

from __future__ import annotations

import threading
from collections import deque
from contextlib import suppress
from typing import Any

from docker import APIClient
from docker.errors import APIError, ImageNotFound

from local.docker_engine import has_gpus
from local.docker_images import LABEL as PACKAGE
from local.docker_images import remove_container
from local.docker_line import calling, connect, reached
from local.docker_sandbox import TMP, bounds
from local.docker_wire import PORT, DockerWire, Frames
from local.warm import variables
from modelserver.errors import NotReady
from modelserver.exchange import Wire
from modelserver.package import Artifact, Package
from modelserver.settings import Settings

# Which server's it is: engines may be shared, and each one clears away its own alone.
LABEL = "modelserver.runner"

_TAIL = 2000

# The first process of the container: it ends, and all with it, when its input closes, as when the server dies.
_KEEP = f"""
import os, subprocess, sys, threading
words = [sys.executable, "-I", "/opt/jid/jid/__main__.py", "serve", "--host", "127.0.0.1", "--port", "{PORT}"]
server = subprocess.Popen(words, stdin=subprocess.DEVNULL)
def watch():
    while os.read(0, 65536):
        pass
    os._exit(0)
thread = threading.Thread(target=watch)
thread.daemon = True
thread.start()
sys.exit(server.wait())
"""


class DockerStarter:
    """Starter. owner: names the server's data folder, on whatever machine."""

    name = "docker"

    def __init__(self, settings: Settings, owner: str) -> None:
        self._settings = settings
        self._owner = owner

    def start(self, package: Package) -> DockerStarted:
        with calling() as api:
            gpus = has_gpus()
            image = _image(api, package, _artifact(package, gpus))
            container = api.create_container(
                image,
                entrypoint=["python", "-I", "-c", _KEEP],
                command=[],
                stdin_open=True,
                environment={"HOME": TMP, **variables(self._settings)},
                labels={LABEL: self._owner},
                host_config=bounds(api, self._settings, gpus),
            )["Id"]
            try:
                return DockerStarted(container)
            except BaseException:
                remove_container(api, container)
                raise

    def sweep(self) -> None:
        with calling() as api:
            for container in api.containers(all=True, filters={"label": f"{LABEL}={self._owner}"}):
                remove_container(api, container["Id"])


class DockerStarted:
    """Started: a container, and the line that keeps it alive."""

    def __init__(self, container: str) -> None:
        """Starts it. Raises Unavailable."""
        self._container = container
        self._said: deque[bytes] = deque(maxlen=8)
        self._ended = threading.Event()
        self._calls, self._line = connect(), connect(seconds=None)
        with reached():
            ways = {"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1}
            self._frames = Frames(self._line.attach_socket(container, params=ways))
            self._line.start(container)
        threading.Thread(target=self._listen, daemon=True).start()

    def wire(self) -> Wire:
        with reached():
            try:
                return DockerWire(self._calls, self._container)
            except APIError as error:
                raise ConnectionError(error.explanation or "the container has ended") from None

    def lives(self) -> bool:
        return not self._ended.is_set()

    def said(self) -> str:
        return b"".join(self._said)[-_TAIL:].decode(errors="replace").strip()

    def stop(self) -> None:
        with calling() as api:
            remove_container(api, self._container)
        self._frames.close()
        self._calls.close()
        self._line.close()

    def _listen(self) -> None:
        """An engine whose client does not listen may hold the container up."""
        buffer = memoryview(bytearray(64 * 1024))
        with suppress(OSError):
            while size := self._frames.read_into(buffer)[1]:
                self._said.append(bytes(buffer[:size][-_TAIL:]))
        self._ended.set()


def _artifact(package: Package, gpus: bool) -> Artifact:
    """Raises NotReady."""
    made = {artifact.target: artifact for artifact in package.artifacts}
    wanted = ("docker-gpu", "docker-cpu") if gpus else ("docker-cpu",)
    for target in wanted:
        if target in made:
            return made[target]
    if "docker-gpu" in made:
        raise NotReady("Its image needs a GPU, and this machine has none.")
    raise NotReady(f"It was built as {', '.join(made) or 'nothing'}, and this server runs images of Docker.")


def _image(api: APIClient, package: Package, artifact: Artifact) -> str:
    """The ID of the very image that was tested; fetched again if it is in a registry only. Raises NotReady."""
    try:
        image = api.inspect_image(artifact.uri)  # type: ignore[no-untyped-call]
    except ImageNotFound:
        image = _fetched(api, artifact)
    labels = image["Config"]["Labels"] or {}
    if labels.get(PACKAGE) != package.id:
        raise NotReady(f"{artifact.uri} is another image by now. Delete the package and upload it again.")
    return str(image["Id"])


def _fetched(api: APIClient, artifact: Artifact) -> dict[str, Any]:
    repository = artifact.uri.rpartition(":")[0]
    try:
        if artifact.digest:
            api.pull(repository, artifact.digest)
            return dict(api.inspect_image(f"{repository}@{artifact.digest}"))  # type: ignore[no-untyped-call]
    except APIError as error:
        raise NotReady(f"{artifact.uri} is not on this machine, and not to be fetched: {error.explanation}") from None
    raise NotReady(f"{artifact.uri} is not on this machine any more. Delete the package and upload it again.")
