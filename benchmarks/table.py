"""The table of `python -m benchmarks`: a row for each work, ours beside theirs, and whether its bound holds."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

_HEADS = ("work", "beside", "ours", "theirs", "ratio", "bound", "ok")
_WIDTHS = (46, 34, 9, 9, 5, 6, 3)

Pair = tuple[float, float]
Shown = Callable[[float], str]


@dataclass(frozen=True)
class Row:
    """ours, theirs: with their units. ratio: ours by theirs. bound: the most it may be, or the least."""

    work: str
    beside: str
    ours: str
    theirs: str
    ratio: float
    bound: float
    least: bool = False

    @classmethod
    def of(cls, work: str, beside: str, pairs: Sequence[Pair], shown: Shown, bound: float, least: bool = False) -> Row:
        """From what was measured in turn: medians of each side, and the median of the pairs' ratios."""
        ours, theirs = (median(side) for side in zip(*pairs, strict=True))
        ratio = median(mine / other for mine, other in pairs)
        return cls(work, beside, shown(ours), shown(theirs), ratio, bound, least)

    @property
    def holds(self) -> bool:
        return self.ratio >= self.bound if self.least else self.ratio <= self.bound


def head() -> str:
    return _line(_HEADS) + "\n|" + "|".join("-" * (width + 2) for width in _WIDTHS) + "|"


def line(row: Row, judged: bool) -> str:
    """judged: whether the sizes are those that the bound is for."""
    verdict = ("yes" if row.holds else "NO") if judged else "-"
    bound = f"{'≥' if row.least else '≤'} {row.bound:g}"
    return _line((row.work, row.beside, row.ours, row.theirs, f"{row.ratio:.2f}", bound, verdict))


def left_out(work: str, reason: str) -> str:
    return f"| {work}: {reason} |"


def seconds(value: float) -> str:
    return f"{value:.2f} s" if value >= 1 else f"{value * 1000:.0f} ms"


def microseconds(value: float) -> str:
    return f"{value * 1e6:.0f} µs"


def megabytes(value: float) -> str:
    return f"{value / 1e6:.1f} MB"


def each_second(value: float) -> str:
    return f"{value:.0f} /s"


def number(value: float) -> str:
    return f"{value:g}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.ljust(width) for cell, width in zip(cells, _WIDTHS, strict=True)) + " |"
