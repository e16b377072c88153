"""What is measured of one server in one round."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.peers.asking import first_answer, send_file
from benchmarks.peers.catalog import IN_BATCHES, MODELS, ONE_BY_ONE, Peer
from benchmarks.peers.installing import binaries
from benchmarks.peers.running import Running, running

_LUA = Path(__file__).parents[1] / "serving.lua"
_MORE = 30.0  # seconds that wrk may take beyond those it is told


class Load(NamedTuple):
    """What wrk saw. Good answers a second; milliseconds; cpu: milliseconds of all processes for a good answer."""

    good: float
    refused: int
    p50: float
    p99: float
    cpu: float


class Figures(NamedTuple):
    """One server in one round. first, file: seconds. memory: MB. large: with answers of 1 MB."""

    first: float
    alone: Load
    sixteen: Load
    memory: float
    large: Load
    file: float


def measured(peer: Peer, home: Path, seconds: int) -> Figures:
    """Start the server, ask it for about four times `seconds`, end it. Raises whatever goes wrong with it."""
    print(f"{peer.name} ...", file=sys.stderr, flush=True)
    with _started(peer, home) as server:
        first = first_answer(server, peer)
        _load(server, peer, 1, 1)  # warm
        alone = _load(server, peer, 1, seconds)
        sixteen = _load(server, peer, 16, seconds)
        memory = server.memory()
        large = _load(server, peer, 4, seconds, text="big", expected="xxxxxxxxxx")
        return Figures(first, alone, sixteen, memory, large, median(send_file(server, peer) for _ in range(3)))


def batches(home: Path, seconds: int) -> tuple[float, float]:
    """Answers a second of a model of 50 ms, one at a time and in batches of 16."""
    found = []
    for peer in (ONE_BY_ONE, IN_BATCHES):
        print(f"{peer.name} ...", file=sys.stderr, flush=True)
        with _started(peer, home) as server:
            first_answer(server, peer)
            found.append(_load(server, peer, 32, seconds).good)
    return found[0], found[1]


@contextmanager
def _started(peer: Peer, home: Path) -> Iterator[Running]:
    with running(peer.command, dict(peer.environment), binaries(peer, home), MODELS) as server:
        yield server


def _load(
    server: Running, peer: Peer, connections: int, seconds: int, text: str = "world", expected: str = "hello"
) -> Load:
    url = f"http://127.0.0.1:{server.port}{peer.path}"
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(_LUA), url, "--"]
    body = peer.body.replace("{text}", text)
    before = server.cpu()
    done = subprocess.run(
        [*command, body, expected], capture_output=True, text=True, check=True, timeout=seconds + _MORE
    )
    found: Mapping[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    cpu = (server.cpu() - before) / max(1.0, found["good"] * seconds)
    return Load(found["good"], int(found["refused"]), found["p50"], found["p99"], cpu)
