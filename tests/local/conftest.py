"""The real server as a process of its own, asked over real sockets."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests

ROOT = Path(__file__).resolve().parents[2]
_PATIENCE = 120.0


@dataclass
class Server:
    """`python -m local` over a data folder."""

    process: subprocess.Popen[bytes]
    address: str

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
        pytest.fail(f"not {status}: {json.dumps(package)}")

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


Start = Callable[..., Server]


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Start]:
    """start("--engine", "process") runs a server over the test's data folder."""
    with ExitStack() as stack:
        yield lambda *words, **settings: stack.enter_context(serving(tmp_path, *words, **settings))


@contextmanager
def serving(folder: Path, *words: str, host: str = "127.0.0.1", **settings: str) -> Iterator[Server]:
    """A server over folder/data, which ends with the block; what it says goes to folder/server.log."""
    port = free_port()
    command = [sys.executable, "-m", "local", "--port", str(port), "--data", str(folder / "data"), *words]
    environment = os.environ | {f"MODELSERVER_{name}": value for name, value in settings.items()}
    with (folder / "server.log").open("ab") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=output, stderr=output, start_new_session=True
        )
    server = Server(process, f"http://{host}:{port}")
    try:
        _await(server, folder / "server.log")
        yield server
    finally:
        if process.poll() is None:
            server.stop()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _await(server: Server, log: Path) -> None:
    until = time.monotonic() + 30
    while time.monotonic() < until:
        try:
            server.get("/v1/health")
            return
        except requests.ConnectionError:
            assert server.process.poll() is None, log.read_text()
            time.sleep(0.05)
    pytest.fail(log.read_text())
