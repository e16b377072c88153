"""docs/push.txt is what the recorder writes: a real push, in the order in which it goes."""

from __future__ import annotations

import re

import pytest

from docs.recorder import RECORD, recorded

_ORDER = (
    r"\$ modelserver init hello",
    r"\$ modelserver push hello",
    r"hello: 3 files, [\d.]+ MB",
    r"ID [0-9a-f]{40}",
    r"test process-cpu.* loading layer \d of 4",
    r"hello [0-9a-f]{40} ready",
)


@pytest.mark.parametrize("source", ["kept", "made now"])
def test_a_push_goes_in_this_order(source: str) -> None:
    kept = source == "kept"
    rows = RECORD.read_text().splitlines() if kept else [look.text for look in recorded(weights=20_000_000)]
    found = [next(i for i, row in enumerate(rows) if re.search(pattern, row)) for pattern in _ORDER]
    assert found == sorted(found)
