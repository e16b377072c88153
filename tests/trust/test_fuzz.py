"""A short turn of the fuzzer at each reader; the long one is `make trust FULL=1`."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from trust.fuzz.targets import TARGETS
from trust.fuzzing import fuzzed

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def atheris() -> None:
    if find_spec("atheris"):
        return
    missing = "atheris has no wheel for this Python or machine"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)


@pytest.mark.parametrize(
    ("target", "cases"), [("archive", 3000), ("config", 300), ("requirements", 3000), ("form", 3000)]
)
def test_nothing_is_found(atheris: None, target: str, cases: int) -> None:
    assert fuzzed(target, cases, seed=2) == (cases, "")


@pytest.mark.parametrize("target", TARGETS)
def test_the_cases_to_begin_with_keep_the_promises(target: str) -> None:
    seeds = list(TARGETS[target].seeds())
    assert len(seeds) >= 3
    for seed in seeds:
        TARGETS[target].one(seed)


def test_what_breaks_a_promise_is_found(atheris: None, tmp_path: Path) -> None:
    """The fuzzer itself: a reader that cannot stand one byte does not last."""
    code = (
        "import sys, atheris, trust; from trust.fuzz import targets, __main__ as fuzz\n"
        "@atheris.instrument_func\ndef one(data):\n    if b'\\xff' in data: raise KeyError('broken')\n"
        "targets.TARGETS['form'] = targets.Target(one, lambda: [b'good'], 64, ('\\xff',))\n"
        f"sys.exit(fuzz.main(['form', '--cases', '20000', '--found', {str(tmp_path)!r}]))"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode != 0
    assert "KeyError: 'broken'" in done.stdout + done.stderr
    assert [path for path in tmp_path.iterdir() if b"\xff" in path.read_bytes()]
