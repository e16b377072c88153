"""A server to send packages to, and what each costs it: the real local one, or the program over Google's ports."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import requests
from werkzeug.test import Client
from werkzeug.wrappers import Request, Response

from tests.local.conftest import Server, serving

_PATIENCE = 60.0
_TICK = 1 / os.sysconf("SC_CLK_TCK")
_ZIP = {"Content-Type": "application/zip", "Prefer": "respond-async"}


@dataclass(frozen=True)
class Reply:
    """status: 0 if none came in time. cpu: seconds of the server; memory: bytes that it had more than before."""

    status: int
    document: Any
    cpu: float
    memory: int


class Site(Protocol):
    """Where packages are sent to."""

    @property
    def name(self) -> str: ...

    def post(self, door: str, data: bytes, kind: str = "application/zip") -> Reply:
        """door: upload or check. kind: the body's Content-Type."""

    def get(self, path: str) -> tuple[int, bytes]:
        """Status and body of what stands under /v1/packages/."""

    def delete(self, package_id: str) -> int:
        """The status."""

    def left(self) -> list[str]:
        """Packages, zips and parts of zips that are there."""


class LocalSite:
    """`python -m local`, with the process engine."""

    name = "local"

    def __init__(self, server: Server, folder: Path) -> None:
        self._address = f"{server.address}/v1/packages"
        self._data = folder / "data"
        (self._pid,) = children(server.process.pid)

    def post(self, door: str, data: bytes, kind: str = "application/zip") -> Reply:
        gauge = Gauge(self._pid)
        try:
            answer = requests.post(
                f"{self._address}/{door}", data=data, headers=_ZIP | {"Content-Type": kind}, timeout=_PATIENCE
            )
        except requests.RequestException as error:
            return Reply(0, repr(error), *gauge.spent())
        return Reply(answer.status_code, _json(answer.content), *gauge.spent())

    def get(self, path: str) -> tuple[int, bytes]:
        answer = requests.get(f"{self._address}/{path}", timeout=_PATIENCE)
        return answer.status_code, answer.content

    def delete(self, package_id: str) -> int:
        return requests.delete(f"{self._address}/{package_id}", timeout=_PATIENCE).status_code

    def left(self) -> list[str]:
        known = [package["ID"] for package in json.loads(self.get("?status=any")[1])]
        files = [str(path) for path in self._data.rglob("*") if path.is_file()]
        return known + [path for path in files if not path.endswith("/lock") and "sqlite" not in path]


@contextmanager
def local_site(folder: Path) -> Iterator[LocalSite]:
    with serving(folder, "--engine", "process", BUILDS="1") as server:
        site = LocalSite(server, folder)
        site.post("check", b"")  # loads what a first request loads
        yield site


class PortsSite:
    """The program in this process, over ports that are plugged in. stored: names of what storage has."""

    def __init__(self, name: str, answer: Callable[[Request], Response], stored: Callable[[], list[str]]) -> None:
        self.name = name
        self._client = Client(Request.application(answer))
        self._stored = stored

    def post(self, door: str, data: bytes, kind: str = "application/zip") -> Reply:
        gauge = Gauge(os.getpid())
        answer = self._client.post(f"/v1/packages/{door}", data=data, headers=_ZIP | {"Content-Type": kind})
        body = answer.get_data()
        return Reply(answer.status_code, _json(body), *gauge.spent())

    def get(self, path: str) -> tuple[int, bytes]:
        answer = self._client.get(f"/v1/packages/{path}")
        return answer.status_code, answer.get_data()

    def delete(self, package_id: str) -> int:
        return self._client.delete(f"/v1/packages/{package_id}").status_code

    def left(self) -> list[str]:
        return [package["ID"] for package in json.loads(self.get("?status=any")[1])] + self._stored()


class Gauge:
    """What a process spends from now on. Memory by the kernel's own high-water mark, which is set back."""

    def __init__(self, pid: int) -> None:
        self._folder = Path(f"/proc/{pid}")
        (self._folder / "clear_refs").write_text("5")
        self._memory = self._status("VmRSS")
        self._cpu = self._seconds()

    def spent(self) -> tuple[float, int]:
        """Seconds of CPU, to 10 ms; bytes at the most."""
        return self._seconds() - self._cpu, max(0, self._status("VmHWM") - self._memory)

    def _seconds(self) -> float:
        if self._folder.name == str(os.getpid()):
            return time.process_time()
        user, system = (self._folder / "stat").read_text().rpartition(")")[2].split()[11:13]
        return (int(user) + int(system)) * _TICK

    def _status(self, name: str) -> int:
        lines = (self._folder / "status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(f"{name}:"))


def children(pid: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return body[:200]
