"""200 clients at once, builds beside reads, clients that wait, and one owner's many uploads beside another's one."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter

import requests

from tests.packages import HELLO, SLEEPING, model, zipped
from tests.servers import Server, serving
from trust.crowd import Crowd
from trust.row import Row, at_most, none_of
from trust.site import children

_CLIENTS = 200
_SECONDS = (20, 600)
_BUILDS = 8
_KNOWN = 20
_NEWS = 0.02
_MANY = (40, 1000)
_SLOWEST = 1000  # ms, of 99 reads in 100
_MOST = 512  # MiB
_ASYNC = {"Content-Type": "application/zip", "Prefer": "respond-async"}


def rows(full: bool) -> Iterator[Row]:
    with _server() as server:
        yield from _crowded(server, _SECONDS[full])
    with _server() as server:
        yield from _waiting(server)
    with _server() as server:
        yield _in_turn(server, _MANY[full])


@contextmanager
def _server() -> Iterator[Server]:
    with (
        tempfile.TemporaryDirectory(prefix="modelserver-load-") as folder,
        serving(Path(folder), "--engine", "process", BUILDS=str(_BUILDS)) as server,
    ):
        yield server


def _crowded(server: Server, seconds: float) -> Iterator[Row]:
    """First readers alone, then uploads of new content among them, which keep all builds busy."""
    known = [str(_sent(server, f"known/hello{number}", {}).json()["ID"]) for number in range(_KNOWN)]
    alone = Crowd(server.address, known, news=0.0).work(_CLIENTS, seconds / 4)
    beside = Crowd(server.address, known, news=_NEWS).work(_CLIENTS, seconds)
    asked, faults = alone.asked + beside.asked, alone.faults + beside.faults
    yield none_of(f"{_CLIENTS} clients, {seconds:.0f} s: answers that should not be", asked, faults)
    yield Row(f"{_CLIENTS} clients: reads alone, p50 and p99", _times(*alone.milliseconds()))
    yield Row(f"{_CLIENTS} clients: reads beside {_BUILDS} builds", _times(*beside.milliseconds()))
    for kind in ("get", "list"):
        yield at_most(f"{kind} beside {_BUILDS} builds, p99", beside.milliseconds([kind])[1], _SLOWEST, "ms")
    yield at_most("memory of the server", _peak(server), _MOST, "MiB")


def _waiting(server: Server) -> Iterator[Row]:
    """More clients than may wait, for one build that does not end; a read among them."""
    identity = _sent(server, "sleepers/one", _ASYNC, code=SLEEPING).json()["ID"]
    wait = {"Content-Type": "application/zip", "Prefer": "wait=15"}
    with ThreadPoolExecutor(_CLIENTS) as pool:
        waiting = [pool.submit(_sent, server, "sleepers/one", wait, code=SLEEPING) for _ in range(_CLIENTS)]
        slowest = max(_read(server, f"/v1/packages/{identity}") for _ in range(20))
        wrong = [each.result().text for each in waiting if each.result().status_code != 202]
    yield none_of(f"{_CLIENTS} clients that wait: answers that should not be", _CLIENTS, wrong)
    yield at_most(f"slowest of 20 reads while {_CLIENTS} clients wait", slowest * 1000, _SLOWEST, "ms")
    requests.delete(f"{server.address}/v1/packages/{identity}", timeout=60).raise_for_status()


def _in_turn(server: Server, many: int) -> Row:
    """How many builds of an owner with many uploads end before the single one of another, which came last."""
    for number in range(many):
        _sent(server, f"many/hello{number}", _ASYNC)
    _sent(server, "single/hello", {"Content-Type": "application/zip"}).raise_for_status()
    ready = requests.get(f"{server.address}/v1/packages/?limit=1000", timeout=60).json()
    before = sum(package["Name"].startswith("many/") for package in ready)
    return at_most(f"builds of {many} that end before another's single one", before, 4 * _BUILDS)


def _sent(server: Server, name: str, headers: dict[str, str], code: str = HELLO) -> requests.Response:
    return requests.post(
        f"{server.address}/v1/packages/upload",
        data=zipped(model(code, name=name)),
        headers={"Content-Type": "application/zip"} | headers,
        timeout=600,
    )


def _read(server: Server, path: str) -> float:
    begun = perf_counter()
    requests.get(f"{server.address}{path}", timeout=60).raise_for_status()
    return perf_counter() - begun


def _peak(server: Server) -> float:
    """MiB that the worker process has had at the most."""
    (worker,) = children(server.process.pid)
    lines = Path(f"/proc/{worker}/status").read_text().splitlines()
    return next(int(line.split()[1]) for line in lines if line.startswith("VmHWM:")) / 1024


def _times(median: float, most: float) -> str:
    return f"{median:,.1f} ms, {most:,.1f} ms"
