"""Every promise of SECURITY.md that can be tried, tried; one table.

    python -m trust [--full] [NAME ...]

Short by default; --full (make trust FULL=1) takes hours. Ends with 1 if a bound is broken. A check is a module of
this folder with a function `rows(full)` that yields its lines of the table as they are known, named in CHECKS.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from importlib import import_module

from trust.row import Missing, Row

CHECKS = ("archives", "uploads", "fuzzing", "catalogs", "description", "audit", "crashes", "load")
_WIDTHS = (52, 26, 16)


def main(words: list[str]) -> int:
    """1 if a bound is broken, else 0."""
    parser = argparse.ArgumentParser("python -m trust", description="What the project promises, tried; one table.")
    parser.add_argument("--full", action="store_true", help="with the figures of a long run; takes hours")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(CHECKS))
    asked = parser.parse_args(words)
    if unknown := set(asked.names) - set(CHECKS):
        parser.error(f"there is no check called {', '.join(sorted(unknown))}")
    _print("check", "figure", "bound", "ok")
    _print(*("-" * width for width in _WIDTHS), "--")
    kept = [_kept(name, asked.full) for name in asked.names or CHECKS]
    return 0 if all(kept) else 1


def _kept(name: str, full: bool) -> bool:
    """Whether every bound of this check is; prints its rows."""
    good = True
    for row in _rows(name, full):
        _print(row.check, row.figure, row.bound, "yes" if row.ok else "NO")
        good = good and row.ok
    return good


def _rows(name: str, full: bool) -> Iterator[Row]:
    """A check that breaks has not been passed; one that lacks something is left out, but not in CI."""
    try:
        yield from import_module(f"trust.{name}").rows(full)
    except Missing as missing:
        yield Row(name, f"left out: {missing}", ok=os.environ.get("CI") != "true")
    except Exception as error:
        yield Row(name, f"broke: {error!r}", ok=False)


def _print(*cells: str) -> None:
    padded = [cell.ljust(width) for cell, width in zip(cells, (*_WIDTHS, 3), strict=True)]
    print(" | ".join(padded).rstrip(), flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
