"""Odd and hostile zips, read by the archive reader alone: what each is refused for, and what that costs."""

from __future__ import annotations

import time
from collections.abc import Iterator

from modelserver.archive import Limits, open_archive
from modelserver.errors import InvalidPackage
from modelserver.memory import MemoryReader
from tests.corpus import Case, cases
from trust.row import Row, at_most, none_of

_LIMITS = Limits(entries=100_000, unpacked=50 * 1024**3, ratio=200)


def rows(full: bool) -> Iterator[Row]:
    wrong: list[str] = []
    slowest, tried = 0.0, 0
    for case in cases():
        found, seconds = _read(case)
        tried += 1
        if found != case.expected:
            wrong.append(f"{case.name}: {' '.join(sorted(found)) or 'accepted'}")
        if case.expected:
            slowest = max(slowest, seconds)
    yield none_of("zips read otherwise than they should be", tried, wrong)
    yield at_most("the longest refusal, CPU", slowest * 1000, 100, "ms")


def _read(case: Case) -> tuple[frozenset[str], float]:
    """The codes of its faults, and seconds of CPU."""
    data = case.data
    began = time.process_time()
    try:
        open_archive(MemoryReader(data), _LIMITS).tree_id(1)
        codes: frozenset[str] = frozenset()
    except InvalidPackage as refused:
        codes = frozenset(fault.code for fault in refused.faults)
    return codes, time.process_time() - began
