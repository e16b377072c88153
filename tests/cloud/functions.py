"""The functions as they are deployed: a process of functions-framework for each, over the stand-ins of Google."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from google.cloud.devtools.cloudbuild_v1 import Build

from modelserver.gcp.objects import Objects
from tests.cloud.cloudbuild_standin.delivery import Delivery, Trouble
from tests.cloud.cloudbuild_standin.server import CloudBuild
from tests.cloud.engines import ROOT, settings_for
from tests.cloud.identity import service_account_file, throwaway_key
from tests.cloud.processes import await_port, ended, free_port
from tests.parts import Part, met

MAIN = ROOT / "functions" / "main.py"
_STUMBLING = ROOT / "tests" / "cloud" / "stumbling" / "root.py"
_THREADS = 8
_PATIENCE = 180.0
_LIMIT = 30 * 1024 * 1024
_STATUS = "%{http_code}"


@dataclass(frozen=True)
class Answer:
    """What curl got. status: 0 when the connection broke."""

    status: int
    body: bytes

    def json(self) -> Any:
        return json.loads(self.body)


def curl(*words: str | Path) -> Answer:
    """curl with these words; the last answer, if it followed a redirect."""
    command = ["curl", "--silent", "--write-out", "\n" + _STATUS, *map(str, words)]
    done = subprocess.run(command, capture_output=True, timeout=_PATIENCE)
    body, _, status = done.stdout.rpartition(b"\n")
    return Answer(int(status), body)


@dataclass
class Function:
    """One instance: a server of functions-framework and its worker, which are a process group of their own."""

    process: subprocess.Popen[bytes]
    url: str
    log: Path

    def kill(self) -> None:
        """As kill -9 does, to all of the instance at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def peak(self) -> int:
        """The most memory that one of its processes ever had, in bytes."""
        return max(map(_peak, _group(self.process.pid)))


@dataclass
class Project:
    """A project of Google Cloud on this machine. environment: of every function. functions: by entry point."""

    folder: Path
    environment: dict[str, str]
    standin: CloudBuild
    objects: Objects
    stack: ExitStack
    functions: dict[str, Function] = field(default_factory=dict)
    delivery: Delivery | None = None

    def start(self, target: str, stumble: str = "", port: int = 0, **settings: str) -> Function:
        """A new instance of a function, with these further settings; it answers when this returns.

        stumble: where it dies, as stumbling/root.py says; "" for nowhere.
        """
        source = _STUMBLING if stumble else MAIN
        port = port or free_port()
        log = self.folder / f"{target}-{port}.log"
        words = ("--target", target, "--source", str(source), "--host", "127.0.0.1", "--port", str(port))
        environment = self.environment | {f"MODELSERVER_{name}": value for name, value in settings.items()}
        environment["STUMBLE"] = stumble
        met(Part.FRAMEWORK, Part.FIRESTORE)
        with log.open("ab") as output:
            process = subprocess.Popen(
                [sys.executable, "-m", "functions_framework", *words],
                env=environment, stdout=output, stderr=output, start_new_session=True,
            )  # fmt: skip
        self.stack.enter_context(ended(process))
        await_port(port, process)
        self.functions[target] = Function(process, f"http://127.0.0.1:{port}", log)
        return self.functions[target]

    def url(self, target: str) -> str:
        """Of the function, which is started if it is not there yet."""
        function = self.functions.get(target) or self.start(target)
        return function.url

    def tell(self, trouble: Trouble | None = None) -> None:
        """From now on builds tell `on_build` of themselves, with this trouble on the way."""
        self.delivery = Delivery(self.url("on_build"), trouble or Trouble())

    def sweep(self) -> None:
        """As the scheduler lets it be once a day, for zips of any age."""
        url = self.start("sweep", SWEEP_AFTER="0").url
        Delivery(url).post({"message": {"data": ""}}, "tests")

    def told(self, build: Build, last: bool) -> None:
        if self.delivery:
            self.delivery.publish(build, last)

    def upload(self, file: Path, *words: str) -> Answer:
        """curl -X POST .../ -F file=@model.zip"""
        return curl(*words, "-X", "POST", f"{self.url('upload')}/", "-F", f"file=@{file}")

    def get(self, package_id: str) -> Any:
        return curl(f"{self.url('get')}/{package_id}").json()

    def listed(self, query: str = "") -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = curl(f"{self.url('list_packages')}/{query}").json()
        return found

    def ended(self, package_id: str) -> dict[str, Any]:
        """The package, as soon as `get` says that its build has ended."""
        package = self.awaited(lambda: self.get(package_id), lambda package: package["Status"] != "building")
        return dict(package)

    def awaited(self, look: Callable[[], Any], good: Callable[[Any], bool]) -> Any:
        until = time.monotonic() + _PATIENCE
        while not good(seen := look()):
            assert time.monotonic() < until, f"in vain: {seen}\n{self.logs()}"
            time.sleep(0.2)
        return seen

    def logs(self) -> str:
        return "\n".join(f"{path.name}:\n{path.read_text()}" for path in sorted(self.folder.glob("*.log")))

    def kept(self) -> set[str]:
        """The zips that stay."""
        return {key for key, _ in self.objects.listed("packages/")}

    def builds(self) -> list[Build]:
        return self.standin.builds.list("")


@contextmanager
def project(folder: Path, firestore: str, storage: str, bucket: str, **settings: str) -> Iterator[Project]:
    """An empty one; what runs in it ends with the block. folder: for logs and a throwaway key."""
    with ExitStack() as stack:

        def changed(build: Build, last: bool) -> None:
            made.told(build, last)

        standin = stack.enter_context(CloudBuild(storage, changed))
        environment = _environment(folder, firestore, storage)
        chosen = _chosen(bucket, standin.url) | settings
        environment |= {f"MODELSERVER_{name}": value for name, value in chosen.items()}
        made = Project(folder, environment, standin, Objects(bucket), stack)
        yield made
        if made.delivery:
            made.delivery.drain()


def _environment(folder: Path, firestore: str, storage: str) -> dict[str, str]:
    """Nothing of this process's own but where things are."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "THREADS": str(_THREADS),
        "FIRESTORE_EMULATOR_HOST": firestore,
        "STORAGE_EMULATOR_HOST": storage,
        "DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA": "true",
        "GOOGLE_APPLICATION_CREDENTIALS": str(service_account_file(folder, throwaway_key())),
        "PYTHONWARNINGS": "default",
    }


def _chosen(bucket: str, endpoint: str) -> dict[str, str]:
    """The settings that infra/ makes, for this machine. Each bucket has a database of its own."""
    known = settings_for(bucket, endpoint)
    return {
        "PROJECT": bucket,
        "DATABASE": "packages",
        "MAX_DIRECT": str(_LIMIT),
        "LOCATION": known.location,
        "BUCKET": known.bucket,
        "LOGS_BUCKET": known.logs_bucket,
        "REGISTRY": known.registry,
        "BUILD_SERVICE_ACCOUNT": known.build_service_account,
        "BUILD_ENDPOINT": known.build_endpoint,
        "BASE_IMAGE_PREFIX": known.base_image_prefix,
        "TEST_MEMORY": str(known.test_memory),
        "TEST_TIMEOUT": str(int(known.test_timeout)),
    }


def _group(leader: int) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                if os.getpgid(int(entry.name)) == leader:
                    yield int(entry.name)
            except ProcessLookupError:
                continue


def _peak(process: int) -> int:
    found = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    return int(found[1]) * 1024 if found else 0
