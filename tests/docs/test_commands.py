"""The commands that the README, the Makefile and the benchmarks name are there."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from benchmarks.__main__ import BENCHMARKS

ROOT = Path(__file__).resolve().parents[2]
_TEXTS = ("README.md", "Makefile", *(str(path.relative_to(ROOT)) for path in (ROOT / "benchmarks").glob("*.py")))


@pytest.mark.parametrize("text", _TEXTS)
def test_every_module_that_is_to_be_run_can_be(text: str) -> None:
    for name in re.findall(r"python -m ([a-z_.]*[a-z_])", (ROOT / text).read_text()):
        found = find_spec(name)
        assert found is not None, name
        assert not found.submodule_search_locations or find_spec(f"{name}.__main__"), name


def test_every_benchmark_runs_or_says_what_it_lacks(tmp_path: Path) -> None:
    """Without docker-registry, on four MiB. All but `imports`, which has no size and takes minutes."""
    sized = [each.name for each in BENCHMARKS if each.sized is not None]
    (tmp_path / "bin").mkdir()
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks", "--size", "4", *sized],
        cwd=ROOT,
        env=os.environ | {"PATH": str(tmp_path / "bin")},
        capture_output=True,
        text=True,
        check=True,
    )
    assert re.search(
        r"^upload: .*\nleft out: it needs docker-registry \(apt-get install docker-registry\)", done.stdout, re.M
    )
    for name, table in (("formdata", "werkzeug"), ("inflate", "archive")):
        assert re.search(rf"^{name}: .*\n(left out: it needs \w+|(.*\n)*{table})", done.stdout, re.M), done.stdout
