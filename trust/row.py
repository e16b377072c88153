"""One line of the table: what was tried, what came out, what was to come out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Row:
    """figure: what was measured or counted; bound: what it has to keep, "" where there is none; ok: whether it did."""

    check: str
    figure: str
    bound: str = ""
    ok: bool = True


class Missing(Exception):
    """A part that this machine lacks, in words, with how to come by it. The check is left out; in CI it fails."""


def at_most(check: str, value: float, bound: float, unit: str = "") -> Row:
    return Row(check, _number(value, unit), f"<= {_number(bound, unit)}", value <= bound)


def at_least(check: str, value: float, bound: float, unit: str = "") -> Row:
    return Row(check, _number(value, unit), f">= {_number(bound, unit)}", value >= bound)


def none_of(check: str, tried: int, faults: Sequence[str]) -> Row:
    """So many things were tried, and these went wrong. The row fails if nothing was tried at all."""
    shown = f": {'; '.join(faults[:3])}" if faults else ""
    return Row(check, f"{len(faults):,} of {tried:,}{shown}", "0", not faults and tried > 0)


def _number(value: float, unit: str) -> str:
    shown = f"{value:,.0f}" if value == int(value) or value >= 1000 else f"{value:,.3g}"
    return f"{shown} {unit}".strip()
