"""The servers under measure, each on a free loopback port over a folder of its own, ended with the block."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import NamedTuple
from urllib.error import URLError
from urllib.request import urlopen

from benchmarks.measuring import family, free_port

_REGISTRY = """
version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: {folder}}}}}
http: {{addr: "127.0.0.1:{port}"}}
"""
_NGINX = """
{user}
daemon off;
worker_processes 2;
pid {folder}/pid;
error_log {folder}/error.log;
events {{}}
http {{
    access_log off;
    sendfile on;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{ listen 127.0.0.1:{port}; root {root}; }}
}}
"""
_PATIENCE = 120.0


class Server(NamedTuple):
    """address: "http://127.0.0.1:PORT". pid: of its first process."""

    address: str
    pid: int

    @property
    def packages(self) -> str:
        """Where modelserver has its packages."""
        return f"{self.address}/v1/packages"


@contextmanager
def modelserver(folder: Path, engine: str = "process", **settings: str) -> Iterator[Server]:
    """Over the data folder `folder`. settings: variables, without MODELSERVER_ and in lower case."""
    port = free_port()
    command = [sys.executable, "-m", "local", "--port", str(port), "--data", str(folder), "--engine", engine]
    variables = {f"MODELSERVER_{name.upper()}": value for name, value in settings.items()}
    with running(command, f"http://127.0.0.1:{port}", "/v1/health", variables) as server:
        yield server


@contextmanager
def docker_registry(folder: Path) -> Iterator[Server]:
    port = free_port()
    folder.mkdir(exist_ok=True)
    config = folder.with_suffix(".yml")
    config.write_text(_REGISTRY.format(folder=folder, port=port))
    with running(["docker-registry", "serve", str(config)], f"http://127.0.0.1:{port}", "/v2/") as server:
        yield server


@contextmanager
def nginx(folder: Path, root: Path) -> Iterator[Server]:
    """It serves the files of `root`, with sendfile; two workers, as there are two cores."""
    port = free_port()
    folder.mkdir(exist_ok=True)
    config = folder / "nginx.conf"
    user = "user root;" if os.geteuid() == 0 else ""  # else its workers may not enter the folder
    config.write_text(_NGINX.format(user=user, folder=folder, root=root, port=port))
    command = ["nginx", "-c", str(config), "-e", str(folder / "error.log")]
    with running(command, f"http://127.0.0.1:{port}", "/") as server:
        yield server


@contextmanager
def running(
    command: list[str], address: str, path: str, variables: Mapping[str, str] | None = None
) -> Iterator[Server]:
    """A server from its first answer on, whatever that is. What it leaves behind at its end is killed."""
    process = subprocess.Popen(
        command, env={**os.environ, **(variables or {})}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        _await(process, address + path)
        yield Server(address, process.pid)
    finally:
        left = family(process.pid)[1:] if process.poll() is None else []
        process.terminate()
        process.wait()
        for pid in left:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


def _await(process: subprocess.Popen[bytes], address: str) -> None:
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until:
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode} before its first answer")
        try:
            urlopen(address, timeout=_PATIENCE).close()
        except URLError as error:
            if hasattr(error, "code"):
                return
            time.sleep(0.02)
        else:
            return
    raise RuntimeError(f"no answer from {address}")
