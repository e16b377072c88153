"""What SECURITY.md promises is tried: each test and each check that it names is there."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

from trust.__main__ import CHECKS

ROOT = Path(__file__).resolve().parents[2]
SECURITY = (ROOT / "SECURITY.md").read_text()
ROWS = [line.strip("| ").split(" | ") for line in SECURITY.splitlines() if line.startswith("| ")][2:]


def test_every_promise_names_what_holds_it() -> None:
    assert len(ROWS) > 10
    for promise, holder in ROWS:
        assert re.search(r"`(tests|trust)/\S+\.py`|`make (trust|check)", holder), promise


def test_every_test_that_is_named_is_there() -> None:
    named = re.findall(r"`((?:tests|trust)/\S+\.py)`", SECURITY)
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_every_check_that_is_named_is_one() -> None:
    named = set(re.findall(r"CHECKS=(\w+)", SECURITY))
    assert named and named <= set(CHECKS)
    assert [name for name in CHECKS if not find_spec(f"trust.{name}")] == []


def test_what_it_links_to_is_there() -> None:
    for target in re.findall(r"\]\(([^)#]+)\)", SECURITY):
        assert (ROOT / target).exists(), target
