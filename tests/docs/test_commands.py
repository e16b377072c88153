"""The commands that the README, the Makefile and the benchmarks name are there."""

from __future__ import annotations

import re
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
_TEXTS = ("README.md", "Makefile", *(str(path.relative_to(ROOT)) for path in (ROOT / "benchmarks").glob("*.py")))


@pytest.mark.parametrize("text", _TEXTS)
def test_every_module_that_is_to_be_run_can_be(text: str) -> None:
    for name in re.findall(r"python -m ([a-z_.]*[a-z_])", (ROOT / text).read_text()):
        found = find_spec(name)
        assert found is not None, name
        assert not found.submodule_search_locations or find_spec(f"{name}.__main__"), name
