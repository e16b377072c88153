"""The machine that Cloud Build lends to one build: a workspace, a Docker engine, and an end of it all.

The engine is this machine's own, so what a build leaves in it is removed at the end, as it is gone with the
real machine: containers, the workspace, the names of its images.
"""

from __future__ import annotations

import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from google.cloud.devtools.cloudbuild_v1 import Build, BuildStep

from tests.cloud.cloudbuild_standin.builders import builder
from tests.parts import Part, met

_SOCKET = "/var/run/docker.sock"


class Stopped(Exception):
    """The machine was taken away in mid-step. status: of the build then."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Machine:
    """For one build. say: takes each line that a step prints. environment: of every step."""

    def __init__(self, build_id: str, environment: dict[str, str], say: Callable[[str], None]) -> None:
        self._build_id = build_id
        self._environment = environment
        self._say = say
        self._volume = f"modelserver-workspace-{build_id}"
        self._stopped = threading.Event()

    def __enter__(self) -> Machine:
        self._folder = tempfile.TemporaryDirectory(prefix="cloudbuild-")
        _docker("volume", "create", "--label", "modelserver=workspace", self._volume)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._remove_containers()
        _docker("volume", "rm", "--force", self._volume)
        self._folder.cleanup()

    def stop(self) -> None:
        """From another thread: the step under way ends with Stopped("CANCELLED")."""
        self._stopped.set()

    def run(self, number: int, step: BuildStep, deadline: float) -> int:
        """The step's exit status. deadline: of time.monotonic(). Raises Stopped, LookupError."""
        met(Part.DOCKER)
        command = self._command(number, step)
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        reader = threading.Thread(target=self._read, args=(process, f'Step #{number} - "{step.id}": '))
        reader.start()
        try:
            return self._await(process, deadline)
        finally:
            self._remove_containers()
            process.wait()
            reader.join()

    def output(self, number: int) -> bytes:
        """What the step wrote to $BUILDER_OUTPUT/output; the first 50 KB."""
        with suppress(FileNotFoundError):
            return (self._outputs(number) / "output").read_bytes()[: 50 * 1024]
        return b""

    def push(self, image: str) -> str:
        """The digest in the registry. Raises subprocess.CalledProcessError."""
        met(Part.REGISTRY)
        for line in _docker("push", image).splitlines():
            if " digest: " in line:
                return line.split(" digest: ")[1].split()[0]
        raise ValueError(f"no digest came back for {image}")

    def forget(self, images: Iterable[str]) -> None:
        """Also what was pulled under their names; what another build still uses stays."""
        for image in images:
            with suppress(subprocess.CalledProcessError):
                _docker("rmi", image)
            repository = image.rpartition(":")[0]
            for found in _docker("images", "--quiet", "--filter", "dangling=true", repository).split():
                with suppress(subprocess.CalledProcessError):
                    _docker("rmi", found)

    def _await(self, process: subprocess.Popen[bytes], deadline: float) -> int:
        while True:
            with suppress(subprocess.TimeoutExpired):
                return process.wait(0.05)
            if self._stopped.is_set():
                raise Stopped(Build.Status.CANCELLED)
            if time.monotonic() > deadline:
                raise Stopped(Build.Status.TIMEOUT)

    def _read(self, process: subprocess.Popen[bytes], prefix: str) -> None:
        assert process.stdout
        with process.stdout as lines:
            for line in lines:
                # A carriage return shows progress on a terminal; in a log each is a line.
                for part in line.decode(errors="replace").replace("\r", "\n").splitlines():
                    self._say(prefix + part)

    def _command(self, number: int, step: BuildStep) -> list[str]:
        made = builder(step.name)
        mounts = [f"{self._volume}:/workspace", f"{_SOCKET}:{_SOCKET}", f"{self._outputs(number)}:/builder/outputs"]
        rest = [*step.args]
        entry = ["--entrypoint", step.entrypoint] if step.entrypoint else []
        if step.script:
            mounts.append(f"{self._script(number, step)}:/builder/script:ro")
            entry, rest = ["--entrypoint", "/builder/script"], []
        environment = {"HOME": "/builder/home", "BUILDER_OUTPUT": "/builder/outputs", **self._environment}
        return [
            *("docker", "run", "--rm", "--label", f"modelserver.test={self._build_id}", "--network", "host"),
            *("--workdir", str(Path("/workspace", step.dir_)), "--tmpfs", "/builder/home"),
            *(word for mount in (*mounts, *made.mounts) for word in ("--volume", mount)),
            *(word for pair in environment.items() for word in ("--env", "=".join(pair))),
            *(word for pair in step.env for word in ("--env", pair)),
            *entry, made.image, *rest,
        ]  # fmt: skip

    def _outputs(self, number: int) -> Path:
        path = Path(self._folder.name, f"outputs-{number}")
        path.mkdir(exist_ok=True)
        return path

    def _script(self, number: int, step: BuildStep) -> Path:
        path = Path(self._folder.name, f"script-{number}")
        path.write_text(step.script if step.script.startswith("#!") else f"#!/bin/sh\n{step.script}")
        path.chmod(0o755)
        return path

    def _remove_containers(self) -> None:
        """Also those that a step started beside itself."""
        found = _docker("ps", "--all", "--quiet", "--filter", f"label=modelserver.test={self._build_id}").split()
        for container in found:
            with suppress(subprocess.CalledProcessError):
                _docker("rm", "--force", "--volumes", container)


def _docker(*words: str) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout
