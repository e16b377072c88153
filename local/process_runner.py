"""Models kept running as plain processes, each behind a Unix socket in a folder of the server's own user.

As in their test: bounded in memory, processes and disk, and ended with the server. It isolates nothing.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from local import supervisor
from local.command import Allowance
from local.process_engine import TARGET, Place, surroundings
from local.scratch import Scratch
from local.warm import variables
from modelserver.errors import NotReady
from modelserver.exchange import Wire
from modelserver.package import Package
from modelserver.settings import Settings

_TAIL = 2000
_EVER = 1e9
_START = 60.0


class ProcessStarter:
    """Starter. folder: of the packages, as ProcessBuilder has them. tools: of which PATH is what a model sees."""

    name = "process"

    def __init__(self, settings: Settings, folder: Path, tools: Mapping[str, str]) -> None:
        self._settings = settings
        self._folder = folder
        self._tools = tools
        self._scratch = Scratch("run", folder)

    def start(self, package: Package) -> ProcessStarted:
        place = Place(self._folder / package.id)
        if TARGET not in [artifact.target for artifact in package.artifacts] or not place.python.exists():
            made = ", ".join(artifact.target for artifact in package.artifacts)
            raise NotReady(f"It was built as {made}, and this server runs {TARGET}. Delete it and upload it again.")
        scratch = self._scratch.make()
        settings = self._settings
        allowance = Allowance(_EVER, settings.test_memory, settings.test_processes, settings.test_disk, scratch)
        environment = {**surroundings(place, scratch, self._tools), **variables(settings)}
        return ProcessStarted(place, scratch, allowance, environment)

    def sweep(self) -> None:
        """Only their folders are left: a process ends with the server that started it, however that ends."""
        self._scratch.sweep()


class ProcessStarted:
    """Started. scratch: the only folder that is the model's own, with its socket; it goes with it."""

    def __init__(self, place: Place, scratch: Path, allowance: Allowance, environment: Mapping[str, str]) -> None:
        self._scratch = scratch
        self._path = scratch / "s"
        self._said: deque[bytes] = deque(maxlen=8)
        command = place.command("serve", "--unix", str(self._path))
        self._process = subprocess.Popen(
            [sys.executable, "-I", supervisor.__file__, allowance.to_json(), *command],
            env=dict(environment),
            cwd=place.source,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        self._listening = threading.Thread(target=self._listen, daemon=True)
        self._listening.start()

    def wire(self) -> Wire:
        """As soon as it listens, which takes a moment at first."""
        until = time.monotonic() + _START
        while True:
            way = socket.socket(socket.AF_UNIX)
            try:
                way.connect(str(self._path))
                return way
            except OSError:
                way.close()
                if not self.lives() or time.monotonic() > until:
                    raise
            time.sleep(0.01)

    def lives(self) -> bool:
        return self._process.poll() is None

    def said(self) -> str:
        return b"".join(self._said)[-_TAIL:].decode(errors="replace").strip()

    def stop(self) -> None:
        """The supervisor ends all that was started when its input closes."""
        with suppress(OSError):
            self._process.stdin.close()  # type: ignore[union-attr]
        self._process.wait()
        self._listening.join()
        shutil.rmtree(self._scratch, ignore_errors=True)

    def _listen(self) -> None:
        assert self._process.stdout is not None
        with self._process.stdout as output:
            while data := output.read1(64 * 1024):  # type: ignore[attr-defined]
                self._said.append(data[-_TAIL:])
