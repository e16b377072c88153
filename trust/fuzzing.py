"""Readers of what strangers send, under a coverage-guided fuzzer; the machines are rows of their own."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from trust.row import Missing, Row, at_least, none_of

_ROOT = Path(__file__).resolve().parents[1]
# How many cases of each, when the run is short and when it is long.
_CASES = {
    "archive": (20_000, 500_000),
    "config": (2_000, 100_000),
    "requirements": (10_000, 200_000),
    "form": (20_000, 500_000),
}


def rows(full: bool) -> Iterator[Row]:
    if not find_spec("atheris"):
        raise Missing("atheris has no wheel for this Python or machine")
    total, broken = 0, []
    for target, (few, many) in _CASES.items():
        cases, fault = fuzzed(target, many if full else few)
        total += cases
        broken += [f"{target}: {fault}"] if fault else []
        yield Row(f"fuzzed: {target}", f"{cases:,} cases", ok=not fault)
    yield none_of("fuzzed cases that broke a promise", total, broken)
    yield at_least("fuzzed cases in all", total, sum(many if full else few for few, many in _CASES.values()))


def fuzzed(target: str, cases: int, seed: int = 1) -> tuple[int, str]:
    """How many cases there were, and what broke, "" if nothing."""
    with tempfile.TemporaryDirectory(prefix="modelserver-found-") as found:
        words = [target, "--cases", str(cases), "--seed", str(seed), "--found", found]
        done = subprocess.run([sys.executable, "-m", "trust.fuzz", *words], cwd=_ROOT, capture_output=True, text=True)
        kept = [path.read_bytes() for path in Path(found).iterdir()]
    said = done.stdout + done.stderr
    counted = re.search(r"number_of_executed_units: (\d+)", said)
    fault = re.search(r"=== Uncaught Python exception: ===\n(.*)", said)
    broken = f"{fault[1] if fault else said[-300:]} {kept!r}" if done.returncode else ""
    return int(counted[1]) if counted else 0, broken
