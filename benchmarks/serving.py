"""The same no-op text model on jid and on its peers: first answer, latency, answers a second, memory, size.

    python -m benchmarks.serving [--quick] [--rounds N] [--seconds N] [--minutes N] [--only NAME ...] [--anew]

Needs wrk on PATH (Debian: apt-get install wrk), uv, Linux. Each peer is installed once, in an environment of its own
under $BENCH_DIR (default: ~/.cache/modelserver-bench; 0.8 GB, about 5 minutes); --anew does it again. One that cannot
be installed, or does not start, is left out, and the table says why. The servers take turns, each round starts all
of them anew; medians are shown. Only answers with the right body count. Memory is PSS, summed over all processes of
a server while it serves. Milliseconds of CPU are those of all of its processes for a good answer: they
depend far less than the rest on what else the machine does.

With 3 rounds of 5 seconds it takes about 12 minutes. No round is begun that would end after --minutes (20).
Ends with 1 if a target is missed.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median

from benchmarks.peers.catalog import JID, PEERS, Peer
from benchmarks.peers.figures import Figures, batches, measured
from benchmarks.peers.installing import install, size, tool, version
from benchmarks.peers.verdicts import batched, verdicts

_HEADS = (
    *("server", "first s", "p50 / p99 ms", "16: /s", "CPU ms", "refused", "PSS MB"),
    *("1 MB: /s", "CPU ms", "20 MB in: ms", "MB on disk"),
)


def main(words: list[str]) -> int:
    """The exit status."""
    asked = _parser().parse_args(words)
    if asked.quick:
        asked.rounds, asked.seconds = 1, 2
    if missing := [name for name in ("wrk", "uv") if not tool(name)]:
        sys.exit(f"{missing[0]} is missing" + (": apt-get install wrk" if missing[0] == "wrk" else ""))
    home = Path(os.environ.get("BENCH_DIR") or Path.home() / ".cache" / "modelserver-bench")
    if asked.anew:
        for peer in PEERS:
            shutil.rmtree(home / (peer.packages[0] if peer.packages else "jid"), ignore_errors=True)
    chosen = [peer for peer in PEERS if not asked.only or peer is JID or peer.name in asked.only]
    gone = {peer.name: reason for peer in chosen if (reason := install(peer, home))}
    peers = [peer for peer in chosen if peer.name not in gone]
    print(_circumstances(), flush=True)
    rounds = _rounds(peers, home, asked, gone)
    return _told(peers, rounds, home, gone, batches(home, asked.seconds))


def _parser() -> argparse.ArgumentParser:
    form = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser("python -m benchmarks.serving", description=__doc__, formatter_class=form)
    parser.add_argument("--rounds", type=int, default=3, help="(default: %(default)s)")
    parser.add_argument("--seconds", type=int, default=5, help="for each load (default: %(default)s)")
    parser.add_argument("--minutes", type=float, default=20.0, help="for all rounds (default: %(default)s)")
    parser.add_argument(
        "--only", action="append", metavar="NAME", help="a server; may be repeated; jid is always there"
    )
    parser.add_argument("--anew", action="store_true", help="install the newest releases of the peers again")
    parser.add_argument("--quick", action="store_true", help="1 round of 2 seconds, about 2 minutes")
    return parser


def _rounds(peers: list[Peer], home: Path, asked: argparse.Namespace, gone: dict[str, str]) -> list[dict[str, Figures]]:
    """Round after round, while there is time; a server that fails is left out from then on."""
    rounds: list[dict[str, Figures]] = []
    end = time.monotonic() + asked.minutes * 60
    longest = 0.0
    while len(rounds) < asked.rounds and (not rounds or time.monotonic() + longest < end):
        began = time.monotonic()
        found: dict[str, Figures] = {}
        for peer in peers:
            if peer.name in gone:
                continue
            try:
                found[peer.name] = measured(peer, home, asked.seconds)
            except Exception as error:
                gone[peer.name] = f"{type(error).__name__}: {error}"
        rounds.append(found)
        longest = max(longest, time.monotonic() - began)
    return rounds


def _told(
    peers: Sequence[Peer],
    rounds: Sequence[dict[str, Figures]],
    home: Path,
    gone: dict[str, str],
    in_turn: tuple[float, float],
) -> int:
    here = [peer for peer in peers if peer.name not in gone]
    print("\n| " + " | ".join(_HEADS) + " |\n|" + "---|" * len(_HEADS))
    for peer in here:
        cells = _cells([one[peer.name] for one in rounds])
        name = f"{peer.name} {version(peer, home)}".strip()
        print("| " + " | ".join([name, *cells, f"{size(peer, home):.1f}"]) + " |")
    for name, reason in gone.items():
        print(f"| {name}: left out, {reason} |")
    print(f"\nmedians of {len(rounds)} rounds; ratios are of servers in the same round; load now {_load()}\n")
    if JID.name in gone:
        return 1
    found = [*verdicts(rounds, here, size(JID, home)), batched(*in_turn)]
    print("\n".join(str(one) for one in found))
    return 0 if all(one.holds for one in found) else 1


def _cells(found: Sequence[Figures]) -> list[str]:
    def middle(values: Sequence[float]) -> float:
        return median(values)

    return [
        f"{middle([one.first for one in found]):.2f}",
        f"{middle([one.alone.p50 for one in found]):.2f} / {middle([one.alone.p99 for one in found]):.1f}",
        f"{middle([one.sixteen.good for one in found]):.0f}",
        f"{middle([one.sixteen.cpu for one in found]):.2f}",
        str(sum(one.sixteen.refused + one.alone.refused for one in found)),
        f"{middle([one.memory for one in found]):.0f}",
        f"{middle([one.large.good for one in found]):.0f}",
        f"{middle([one.large.cpu for one in found]):.2f}",
        f"{middle([one.file for one in found]) * 1000:.0f}",
    ]


def _circumstances() -> str:
    python = ".".join(map(str, sys.version_info[:3]))
    return f"Python {python}, {os.cpu_count()} processors, load before {_load()}"


def _load() -> str:
    return f"{os.getloadavg()[0]:.1f}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
