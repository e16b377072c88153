"""One instance of a service: a container of its image, started when it is needed."""

from __future__ import annotations

import json
import subprocess
import threading
import time
from http.client import HTTPConnection

from google.cloud.run_v2 import Container

LABEL = "modelserver.test.cloudrun"
_PORT = 8080
_START = 60.0


class NotStarted(Exception):
    """Why, in Cloud Run's words."""


class Instance:
    """name: of the service. At most one container at a time."""

    def __init__(self, name: str, container: Container) -> None:
        self._name = name
        self._container = container
        self._lock = threading.Lock()
        self._id = ""
        self._port = 0
        self.starts = 0

    def port(self) -> int:
        """On 127.0.0.1, where it answers. Raises NotStarted."""
        with self._lock:
            if not self._is_running():
                self._start()
            return self._port

    def stop(self) -> None:
        with self._lock:
            if self._id:
                _docker("rm", "--force", "--volumes", self._id)
            self._id = ""

    def inspected(self) -> dict[str, object]:
        """What the engine says of the container."""
        return dict(json.loads(_docker("inspect", self._id))[0])

    def _is_running(self) -> bool:
        return bool(self._id) and _docker("inspect", "--format", "{{.State.Running}}", self._id) == "true"

    def _start(self) -> None:
        container = self._container
        try:
            _docker("pull", "--quiet", container.image)
            variables = {variable.name: variable.value for variable in container.env}
            variables |= {"PORT": str(_PORT), "K_SERVICE": self._name}
            words = [word for name, value in variables.items() for word in ("--env", f"{name}={value}")]
            self._id = _docker("run", "--detach", "--label", LABEL, "--publish", f"127.0.0.1::{_PORT}", *words,
                               "--memory", container.resources.limits["memory"].removesuffix("i").lower(),
                               container.image)  # fmt: skip
            self._port = int(_docker("port", self._id, str(_PORT)).splitlines()[0].rpartition(":")[2])
        except subprocess.CalledProcessError as error:
            raise NotStarted(f"Image '{container.image}' not found: {error.stderr}") from None
        self.starts += 1
        self._probe()

    def _probe(self) -> None:
        until = time.monotonic() + _START
        while time.monotonic() < until:
            connection = HTTPConnection("127.0.0.1", self._port, timeout=5)
            try:
                connection.request("GET", self._container.startup_probe.http_get.path or "/")
                if connection.getresponse().status < 400:
                    return
            except OSError:
                if not self._is_running():
                    break
            finally:
                connection.close()
            time.sleep(0.1)
        raise NotStarted("The user-provided container failed to start and listen on the port defined by PORT.")


def _docker(*words: str) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout.strip()
