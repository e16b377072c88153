"""The real server as a process of its own, asked over real sockets."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.parts import Part, met

ROOT = Path(__file__).resolve().parents[1]
_PATIENCE = 120.0
_STARTING = 30.0


class DidNotStart(AssertionError):
    """With what the server said."""


@dataclass
class Server:
    """`python -m local` over a data folder."""

    process: subprocess.Popen[bytes]
    address: str

    @classmethod
    def begin(
        cls, folder: Path, words: Sequence[str], environment: Mapping[str, str], host: str = "127.0.0.1"
    ) -> Server:
        """Over folder/data; what it says goes to folder/server.log. Returns when it answers. Raises DidNotStart."""
        if "process" in words:
            met(Part.PROCESS)
        port = free_port()
        command = [sys.executable, "-m", "local", "--port", str(port), "--data", str(folder / "data"), *words]
        log = folder / "server.log"
        with log.open("ab") as output:
            process = subprocess.Popen(
                command,
                cwd=ROOT,
                env={**os.environ, **environment},
                stdout=output,
                stderr=output,
                start_new_session=True,
            )
        server = cls(process, f"http://{host}:{port}")
        server.await_answer(log)
        return server

    def await_answer(self, log: Path) -> None:
        until = time.monotonic() + _STARTING
        while time.monotonic() < until:
            try:
                self.get("/v1/health")
                return
            except requests.ConnectionError:
                if self.process.poll() is not None:
                    break
                time.sleep(0.05)
        if self.process.poll() is None:
            self.stop()
        raise DidNotStart(log.read_text())

    def get(self, path: str) -> requests.Response:
        return requests.get(self.address + path, timeout=60)

    def delete(self, path: str) -> requests.Response:
        return requests.delete(self.address + path, timeout=60)

    def upload(self, data: bytes, prefer: str = "wait=120") -> requests.Response:
        address = f"{self.address}/v1/packages/upload"
        return requests.post(address, files={"file": data}, headers={"Prefer": prefer}, timeout=180)

    def await_status(self, package_id: str, status: str) -> dict[str, Any]:
        """The package, as soon as it has this status."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            package: dict[str, Any] = self.get(f"/v1/packages/{package_id}").json()
            if package["Status"] == status:
                return package
            time.sleep(0.1)
        raise AssertionError(f"not {status}: {json.dumps(package)}")

    def await_log(self, package_id: str, text: str) -> None:
        until = time.monotonic() + _PATIENCE
        while text not in (log := self.get(f"/v1/packages/{package_id}/log").text):
            assert time.monotonic() < until, log
            time.sleep(0.05)

    def kill(self) -> None:
        """As kill -9 does, and nothing else."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(30)


@contextmanager
def serving(folder: Path, *words: str, host: str = "127.0.0.1", **settings: str) -> Iterator[Server]:
    """A server over folder/data, which ends with the block. settings: BUILDS="1" is MODELSERVER_BUILDS=1."""
    server = Server.begin(folder, words, {f"MODELSERVER_{name}": value for name, value in settings.items()}, host)
    try:
        yield server
    finally:
        if server.process.poll() is None:
            server.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
