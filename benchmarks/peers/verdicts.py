"""What is to be reached beside the peers, and whether it is: each ratio round by round, judged by its median."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from statistics import median
from typing import NamedTuple

from benchmarks.peers.catalog import JID, Peer
from benchmarks.peers.figures import Figures

Round = Mapping[str, Figures]
Take = Callable[[Figures], float]

_FIRST = 0.3  # seconds to the first answer of a model that needs no set-up
_SIZE = 2.0  # MB
_BATCHES = 8.0


class Verdict(NamedTuple):
    """what: in words, with its bound. found: by round. least: the bound is the smallest good value."""

    what: str
    found: Sequence[float]
    bound: float
    least: bool

    @property
    def holds(self) -> bool:
        middle = median(self.found)
        return middle >= self.bound if self.least else middle <= self.bound

    def __str__(self) -> str:
        bound = f"{'≥' if self.least else '≤'} {self.bound:g}"
        rounds = f" (rounds: {', '.join(f'{one:.2f}' for one in self.found)})" if len(self.found) > 1 else ""
        return f"{'yes' if self.holds else 'NO ':3} {median(self.found):7.2f} {bound:7} {self.what}{rounds}"


def verdicts(rounds: Sequence[Round], peers: Sequence[Peer], size: float) -> Iterator[Verdict]:
    """Of those targets whose peers were measured. size: MB that we take on disk."""
    here = [peer for peer in peers if peer is not JID and all(peer.name in one for one in rounds)]
    servers = [peer.name for peer in here if not peer.floor]
    everyone = [peer.name for peer in here]
    yield Verdict("s to the first answer", [one[JID.name].first for one in rounds], _FIRST, False)
    yield from _beside(rounds, "s to the first answer, of the quickest peer's", _first, servers, 1.0, False)
    cog = [peer.name for peer in here if peer.name == "cog"]
    yield from _beside(rounds, "p50 with 1 connection, of cog's", _p50, cog, 0.7, False)
    apart = [peer.name for peer in here if peer.apart]
    yield from _beside(rounds, "answers/s with 16, of the best with the model apart", _sixteen, apart, 2.5, True)
    inside = [peer.name for peer in here if peer.name == "mlserver, no worker"]
    yield from _beside(rounds, "answers/s with 16, of mlserver's without a worker", _sixteen, inside, 1.0, True)
    yield Verdict("refused", [float(_refused(one[JID.name])) for one in rounds], 0.0, False)
    yield from _beside(rounds, "memory, of cog's", _memory, cog, 1.0, False)
    yield Verdict("MB on disk", [size], _SIZE, False)
    yield from _beside(rounds, "answers of 1 MB/s, of the best peer's", _large, servers, 1.0, True)
    yield from _beside(rounds, "answers of 1 MB/s, of the best, floors too", _large, everyone, 1.0, True)
    yield from _beside(rounds, "s for 20 MB in, of the quickest peer's", _file, servers, 1.0, False)
    yield from _beside(rounds, "s for 20 MB in, of the quickest, floors too", _file, everyone, 1.0, False)


def batched(one_by_one: float, in_batches: float) -> Verdict:
    """Of a model of 50 ms."""
    return Verdict("answers/s in batches of 16, of one at a time", [in_batches / one_by_one], _BATCHES, True)


def _beside(
    rounds: Sequence[Round], what: str, take: Take, names: Sequence[str], bound: float, least: bool
) -> Iterator[Verdict]:
    """Ours by the best of theirs, in the same round."""
    if names:
        best = max if least else min
        found = [take(one[JID.name]) / best(take(one[name]) for name in names) for one in rounds]
        yield Verdict(what, found, bound, least)


def _first(found: Figures) -> float:
    return found.first


def _p50(found: Figures) -> float:
    return found.alone.p50


def _sixteen(found: Figures) -> float:
    return found.sixteen.good


def _memory(found: Figures) -> float:
    return found.memory


def _large(found: Figures) -> float:
    return found.large.good


def _file(found: Figures) -> float:
    return found.file


def _refused(found: Figures) -> int:
    return found.alone.refused + found.sixteen.refused + found.large.refused
