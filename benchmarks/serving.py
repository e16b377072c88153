"""The same no-op text model on jid and on its peers: first answer, latency, answers a second, memory, size.

    python -m benchmarks.serving [--rounds N] [--seconds N] [--only NAME,...]

Needs wrk on PATH (Debian: apt-get install wrk) and uv. Each peer is installed, once, in an environment of its
own under $BENCH_DIR (default: ~/.cache/modelserver-bench). The servers take turns, each round starts all of
them anew; medians are shown. Only answers with the right body count. Memory is PSS, summed over all processes
of a server while it serves.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.peers.asking import first_answer, send_file
from benchmarks.peers.catalog import IN_BATCHES, JID, MODELS, ONE_BY_ONE, PEERS, RUNTIME, Peer
from benchmarks.peers.running import Running, folder_size, running

_LUA = Path(__file__).with_name("serving.lua")


class Load(NamedTuple):
    """What wrk saw. Milliseconds, good answers a second."""

    good: float
    refused: int
    p50: float
    p99: float


class Figures(NamedTuple):
    """One server in one round. Seconds, milliseconds, answers a second, MB."""

    first: float
    alone: Load
    sixteen: Load
    memory: float
    large: float
    file: float


def main(words: list[str]) -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.serving", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3, help="(default: %(default)s)")
    parser.add_argument("--seconds", type=int, default=5, help="for each load (default: %(default)s)")
    parser.add_argument("--only", default="", help="names of servers, with commas; jid is always there")
    asked = parser.parse_args(words)
    for tool in ("wrk", "uv"):
        if not _tool(tool):
            sys.exit(f"{tool} is missing")
    home = Path(os.environ.get("BENCH_DIR") or Path.home() / ".cache" / "modelserver-bench")
    peers = [peer for peer in PEERS if not asked.only or peer is JID or peer.name in asked.only.split(",")]
    for peer in peers:
        install(peer, home)
    rounds = [{peer.name: _measured(peer, home, asked.seconds) for peer in peers} for _ in range(asked.rounds)]
    _print(peers, rounds, home)
    _print_batches(home, asked.seconds)


def install(peer: Peer, home: Path) -> None:
    """The peer's environment, if it is not there."""
    place = home / _place(peer)
    if peer.packages and not (place / "done").exists():
        print(f"installing {peer.name} ...", file=sys.stderr, flush=True)
        uv = _tool("uv")
        subprocess.run([uv, "venv", "-q", "--clear", "--python", sys.executable, place], check=True)
        subprocess.run([uv, "pip", "install", "-q", "--python", place / "bin" / "python", *peer.packages], check=True)
        (place / "done").touch()


def _measured(peer: Peer, home: Path, seconds: int) -> Figures:
    print(f"{peer.name} ...", file=sys.stderr, flush=True)
    with _started(peer, home) as server:
        first = first_answer(server, peer)
        _load(server, peer, 1, 1)  # warm
        alone = _load(server, peer, 1, seconds)
        sixteen = _load(server, peer, 16, seconds)
        memory = server.memory()
        large = _load(server, peer, 4, max(2, seconds), text="big", expected="xxxxxxxxxx").good
        return Figures(first, alone, sixteen, memory, large, median(send_file(server, peer) for _ in range(3)))


@contextmanager
def _started(peer: Peer, home: Path) -> Iterator[Running]:
    with running(peer.command, dict(peer.environment), home / _place(peer) / "bin", MODELS) as server:
        yield server


def _load(
    server: Running, peer: Peer, connections: int, seconds: int, text: str = "world", expected: str = "hello"
) -> Load:
    url = f"http://127.0.0.1:{server.port}{peer.path}"
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", str(_LUA), url, "--"]
    body = peer.body.replace("{text}", text)
    done = subprocess.run([*command, body, expected], capture_output=True, text=True, check=True)
    found: Mapping[str, float] = json.loads(done.stdout.strip().splitlines()[-1])
    return Load(found["good"], int(found["refused"]), found["p50"], found["p99"])


def _print(peers: list[Peer], rounds: list[dict[str, Figures]], home: Path) -> None:
    head = (
        "server",
        "first s",
        "p50 / p99 ms",
        "16: /s",
        "refused",
        "PSS MB",
        "1 MB: /s",
        "20 MB in: ms",
        "MB on disk",
    )
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for peer in peers:
        found = [one[peer.name] for one in rounds]
        print("| " + " | ".join([peer.name, *_cells(found), f"{_size(peer, home):.1f}"]) + " |")
    print()
    for line in _ratios(peers, rounds):
        print(line)


def _cells(found: list[Figures]) -> list[str]:
    def middle(*values: float) -> float:
        return median(values)

    return [
        f"{middle(*(one.first for one in found)):.2f}",
        f"{middle(*(one.alone.p50 for one in found)):.2f} / {middle(*(one.alone.p99 for one in found)):.1f}",
        f"{middle(*(one.sixteen.good for one in found)):.0f}",
        str(sum(one.sixteen.refused + one.alone.refused for one in found)),
        f"{middle(*(one.memory for one in found)):.0f}",
        f"{middle(*(one.large for one in found)):.0f}",
        f"{middle(*(one.file for one in found)) * 1000:.0f}",
    ]


def _ratios(peers: list[Peer], rounds: list[dict[str, Figures]]) -> Iterator[str]:
    """What is to be reached, round by round, then the median of the ratios."""
    ours = [one[JID.name] for one in rounds]
    apart = [peer.name for peer in peers if peer.apart and peer is not JID]
    if "cog" in apart:
        cog = [one["cog"] for one in rounds]
        yield _ratio("p50 of cog's, at most 0.7", [a.alone.p50 / b.alone.p50 for a, b in zip(ours, cog, strict=True)])
        yield _ratio("memory of cog's, at most 1", [a.memory / b.memory for a, b in zip(ours, cog, strict=True)])
    if apart:
        best = [max(one[name].sixteen.good for name in apart) for one in rounds]
        said = "of the best with the model apart, 16 connections, at least 2.5"
        yield _ratio(said, [a.sixteen.good / b for a, b in zip(ours, best, strict=True)])
    if "mlserver, no worker" in rounds[0]:
        inside = [one["mlserver, no worker"].sixteen.good for one in rounds]
        yield _ratio(
            "of mlserver's without a worker, at least 1",
            [a.sixteen.good / b for a, b in zip(ours, inside, strict=True)],
        )


def _ratio(what: str, ratios: list[float]) -> str:
    return f"jid {median(ratios):.2f} {what} (rounds: {', '.join(f'{one:.2f}' for one in ratios)})"


def _print_batches(home: Path, seconds: int) -> None:
    """A model of 50 ms, one at a time and in batches."""
    found = []
    for peer in (ONE_BY_ONE, IN_BATCHES):
        with _started(peer, home) as server:
            first_answer(server, peer)
            found.append(_load(server, peer, 32, seconds).good)
    print(f"a model of 50 ms, 32 connections: {found[0]:.1f}/s one at a time, {found[1]:.1f}/s in batches of 16, ")
    print(f"ratio {found[1] / found[0]:.1f}, at least 8")


def _size(peer: Peer, home: Path) -> float:
    return folder_size(home / _place(peer) / "lib" if peer.packages else RUNTIME) / 1e6


def _place(peer: Peer) -> str:
    return peer.packages[0] if peer.packages else "jid"


def _tool(name: str) -> str:
    """Where a command is; empty where it is not."""
    return shutil.which(name) or shutil.which(name, path=str(Path(sys.executable).parent)) or ""


if __name__ == "__main__":
    main(sys.argv[1:])
