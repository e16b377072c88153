"""GET of one package and of a page of 100, of few packages and of many; and MLflow's search of its registry.

wrk asks over four connections. Each package is a copy of one that was built, under another ID and time. MLflow's
server runs as `mlflow server` starts it, over SQLite, with 100 models of one version each.
"""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from functools import partial
from hashlib import sha1
from pathlib import Path
from sqlite3 import Connection
from urllib.request import Request, urlopen

from benchmarks import zips
from benchmarks.environments import installed
from benchmarks.measuring import free_port, in_turn, timed
from benchmarks.servers import Server, modelserver, running
from benchmarks.table import Row, each_second, microseconds
from benchmarks.work import WRK, Scale, Work
from local.database import SQLiteDatabase
from modelserver.package import Package, PackageID

_CONNECTIONS = 4
_FEW = 100
_WARM = 30
_DAY = datetime(2026, 1, 1, tzinfo=timezone.utc)
_MLFLOW = "mlflow==3.17.2"
_SEARCH = "/api/2.0/mlflow/registered-models/search?max_results=100"
_FILL_MLFLOW = """
import sys
from mlflow import MlflowClient
client = MlflowClient(sys.argv[1], sys.argv[1])
for number in range(int(sys.argv[2])):
    name = f"bench-model-{number}"
    client.create_registered_model(name, {"framework": "none"}, "A model that says hello.")
    client.create_model_version(name, "mlflow-artifacts:/nowhere", tags={"status": "ready"})
"""


def _ours(scale: Scale, folder: Path) -> Iterator[Row]:
    with _filled(folder, _FEW) as few, _filled(folder, scale.packages) as many:
        for work, path in (("GET of a package", f"/{_id(_FEW // 2)}"), ("list, a page of 100", "/")):
            ask = partial(_answers, seconds=scale.seconds)
            pairs = in_turn(partial(ask, f"{many.packages}{path}"), partial(ask, f"{few.packages}{path}"), scale.rounds)
            times = [(1 / mine, 1 / other) for mine, other in pairs]
            yield Row.of(f"{work}, with {scale.packages:,} packages", f"with {_FEW}", times, microseconds, 1.3)


def _beside_mlflow(scale: Scale, folder: Path) -> Iterator[Row]:
    with _mlflow(folder) as theirs, _filled(folder, _FEW) as ours:
        ask = partial(_answers, seconds=scale.seconds)
        for _ in range(_WARM):  # each of its workers imports at its first request
            _same_size(f"{ours.packages}/", f"{theirs.address}{_SEARCH}")
        pairs = in_turn(partial(ask, f"{ours.packages}/"), partial(ask, theirs.address + _SEARCH), scale.rounds)
        yield Row.of("list, a page of 100", "MLflow's registry search", pairs, each_second, 5.0, least=True)


def _same_size(ours: str, theirs: str) -> None:
    """Raises RuntimeError unless both have a hundred to show."""
    with urlopen(ours) as mine, urlopen(theirs) as other:
        counts = len(json.load(mine)), len(json.load(other)["registered_models"])
    if counts != (_FEW, _FEW):
        raise RuntimeError(f"pages of {counts[0]} and {counts[1]} were to be compared")


@contextmanager
def _filled(folder: Path, count: int) -> Iterator[Server]:
    """A server with so many packages that are ready."""
    data = folder / f"{count}"
    with modelserver(data) as server:
        made = _made(server, folder)
    database = _Unsynced(data / "packages.sqlite")
    for number in range(count - 1):
        created = (_DAY + timedelta(seconds=number)).isoformat(timespec="microseconds").replace("+00:00", "Z")
        database.claim(replace(made, id=_id(number), created=created, build=f"{number:032x}", upload=f"{number:032x}"))
    database.close()
    with modelserver(data) as server:
        yield server


def _made(server: Server, folder: Path) -> Package:
    """A package as it is when it has been built and tested."""
    body = zips.hello(folder / "hello.zip", "bench/hello").read_bytes()
    request = Request(f"{server.packages}/upload", body, {"Content-Type": "application/zip"})
    with urlopen(request) as answer:
        known = json.load(answer)
    return Package.from_record(known | {"Upload": "", "Build": ""})


class _Unsynced(SQLiteDatabase):
    """Filled in seconds: nobody minds if a crash takes it."""

    def _connect(self) -> Connection:
        connection = super()._connect()
        connection.execute("PRAGMA synchronous = OFF")
        return connection


def _id(number: int) -> PackageID:
    return PackageID(sha1(b"%d" % number).hexdigest())


@contextmanager
def _mlflow(folder: Path) -> Iterator[Server]:
    place, port = installed(_MLFLOW), free_port()
    store = f"sqlite:///{folder}/mlflow.db"
    timed([str(place / "bin" / "python"), "-c", _FILL_MLFLOW, store, str(_FEW)])
    command = [str(place / "bin" / "mlflow"), "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", store, "--artifacts-destination", str(folder / "artifacts")]
    variables = {"MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false"}  # it need not run anything
    with running(command, f"http://127.0.0.1:{port}", "/health", variables) as server:
        yield server


def _answers(address: str, seconds: int) -> float:
    """Answers a second. Raises RuntimeError if one of them is not 200."""
    command = ["wrk", "-t1", f"-c{_CONNECTIONS}", f"-d{seconds}s", address]
    said = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"Requests/sec:\s+([\d.]+)", said)
    if not found or not float(found[1]) or "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(f"{address}: {said}")
    return float(found[1])


WORKS = (
    Work("GET and list with many packages", _ours, (WRK,)),
    Work("list beside MLflow", _beside_mlflow, (WRK,), slow=True),
)
