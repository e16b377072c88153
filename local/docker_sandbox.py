"""A stranger's image run in the Docker engine: no network, no privileges, bounds on all it can use."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import cast

from docker import APIClient
from docker.errors import APIError
from docker.types import DeviceRequest, LogConfig, Ulimit

from local.docker_images import remove_container
from local.docker_line import Line, calling, reached
from local.job import Job
from modelserver.errors import TestFailed
from modelserver.package import Package
from modelserver.settings import Settings

# Only the containers made here carry it; those that users start from an image inherit the image's label.
LABEL = "modelserver.test"

_OUTPUT = 8 * 1024**2
_LOGGED = 1024**2
_TAIL = 2000
_FILES = 4096
TMP = "/tmp"  # noqa: S108 - in the container, and the only place that it may write to


@dataclass(frozen=True)
class Ended:
    """How a run ended. output: what it printed, bytes. tail: its last words on stderr.

    status: of its first process. out_of_memory: whether the kernel killed a process of it for that.
    memory: what it had, bytes.
    """

    output: bytes
    tail: str
    status: int
    out_of_memory: bool
    memory: int


class DockerSandbox:
    """settings: test_timeout, test_memory, test_processes and test_disk bound each run."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings

    def run(self, package: Package, image: str, command: str, gpus: bool, job: Job) -> Ended:
        """Runs `command` in a new container of the image. Its stderr goes to the job's log.

        Raises TestFailed when it takes too long or prints too much. No container stays.
        """
        heard = _Heard(job)
        with calling() as api, self._container(api, package, image, command, gpus) as container:
            late = TestFailed(f"It did not end within {self._settings.test_timeout:.0f} s, and was stopped.")
            with job.stopping(lambda: _kill(container), self._settings.test_timeout, late), reached():
                status = _listen(api, container, heard)
            state = api.inspect_container(container)["State"]
        memory = self._settings.test_memory
        return Ended(bytes(heard.output), heard.tail(), status, state["OOMKilled"], memory)

    def clean(self, package: Package) -> None:
        """Removes what an interrupted run left."""
        with calling() as api:
            for container in api.containers(all=True, filters={"label": f"{LABEL}={package.id}"}):
                remove_container(api, container["Id"])

    @contextmanager
    def _container(self, api: APIClient, package: Package, image: str, command: str, gpus: bool) -> Iterator[str]:
        container = api.create_container(
            image,
            [command],
            environment={"HOME": TMP},
            labels={LABEL: str(package.id)},
            host_config=bounds(api, self._settings, gpus),
        )["Id"]
        try:
            yield container
        finally:
            remove_container(api, container)


def bounds(api: APIClient, settings: Settings, gpus: bool) -> dict[str, object]:
    """What a container of a stranger's image may use and reach, as a host config. gpus: whether it gets them."""
    return api.create_host_config(
        network_mode="none",
        mem_limit=settings.test_memory,
        memswap_limit=settings.test_memory,
        cpu_shares=512,  # half of what the server and its other builds get
        pids_limit=settings.test_processes,
        cap_drop=["ALL"],
        security_opt=["no-new-privileges"],
        read_only=True,
        tmpfs={TMP: f"rw,exec,nosuid,nodev,mode=1777,size={settings.test_disk}"},
        ulimits=[Ulimit(name="nofile", soft=_FILES, hard=_FILES), Ulimit(name="core", soft=0, hard=0)],
        log_config=LogConfig(type="none"),  # it is read as it comes; the engine need not keep it
        device_requests=[DeviceRequest(count=-1, capabilities=[["gpu"]])] if gpus else [],
    )


class _Heard:
    """What a run has printed so far, bounded."""

    def __init__(self, job: Job) -> None:
        self.output = bytearray()
        self._errors = 0
        self._job = job
        self._last: deque[bytes] = deque(maxlen=8)

    def add(self, output: bytes, errors: bytes) -> None:
        """Raises TestFailed when it is too much."""
        self.output += output
        if self._errors < _LOGGED:
            self._job.log(errors[: _LOGGED - self._errors])
        self._errors += len(errors)
        if errors:
            self._last.append(errors[-_TAIL:])
        if max(len(self.output), self._errors) > _OUTPUT:
            raise TestFailed(f"It printed more than {_OUTPUT // 1024**2} MiB, and was stopped.")

    def tail(self) -> str:
        return b"".join(self._last)[-_TAIL:].decode(errors="replace").strip()


def _listen(api: APIClient, container: str, heard: _Heard) -> int:
    """Starts it and reads until its end; its exit status."""
    with Line() as line:
        streams = line.api.attach(container, stream=True, demux=True)
        api.start(container)
        for output, errors in cast("Iterator[tuple[bytes | None, bytes | None]]", streams):
            heard.add(output or b"", errors or b"")
        return int(line.api.wait(container)["StatusCode"])


def _kill(container: str) -> None:
    """From another thread than the one that reads; the reading ends with the container."""
    with suppress(Exception), calling() as api, suppress(APIError):
        api.kill(container)
