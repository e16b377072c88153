"""`make bench` runs, in small sizes: every row comes, or says what it lacks. No time is judged."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from benchmarks.__main__ import MODULES
from benchmarks.table import Row, line
from benchmarks.work import Work

ROOT = Path(__file__).resolve().parents[2]


def _bench(*words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "benchmarks", *words]
    return subprocess.run(command, cwd=ROOT, env=os.environ | variables, capture_output=True, text=True)


def _works(name: str) -> tuple[Work, ...]:
    works: tuple[Work, ...] = import_module(f"benchmarks.{name}").WORKS
    return works


@pytest.mark.parametrize("name", MODULES)
def test_every_row_can_be_measured(name: str) -> None:
    done = _bench("--quick", name)
    assert done.returncode == 0, done.stdout + done.stderr
    rows = done.stdout.splitlines()[2:]
    measured = [row for row in rows if row.count("|") == 8]
    left_out = [row for row in rows if ": left out" in row]
    assert len(measured) + len(left_out) == len(rows) >= len(_works(name))
    assert measured or all(work.missing() for work in _works(name)), done.stdout


def test_a_row_says_what_it_lacks_and_where_to_get_it(tmp_path: Path) -> None:
    done = _bench("--quick", "upload", PATH=str(tmp_path))
    assert done.returncode == 0, done.stdout + done.stderr
    assert "docker-registry (apt-get install docker-registry)" in done.stdout
    assert "unzip (apt-get install unzip)" in done.stdout


def test_a_measurement_that_fails_fails_the_command(tmp_path: Path) -> None:
    broken = tmp_path / "unzip"
    broken.write_text("#!/bin/sh\necho no disk >&2; exit 3\n")
    broken.chmod(0o755)
    done = _bench("--quick", "upload", PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert done.returncode == 1
    assert "FAILED: unzip ended with 3: no disk" in done.stdout


@pytest.mark.parametrize(
    ("pairs", "least", "verdict"),
    [
        ([(1.0, 2.0), (9.0, 2.0), (1.2, 2.0)], False, "yes"),
        ([(1.0, 2.0), (9.0, 2.0), (1.3, 2.0)], False, "NO"),
        ([(10.0, 2.0)], True, "yes"),
        ([(1.0, 2.0)], True, "NO"),
    ],
)
def test_a_bound_holds_by_the_median_of_the_pairs(pairs: list[tuple[float, float]], least: bool, verdict: str) -> None:
    row = Row.of("work", "beside", pairs, str, 0.6, least)
    assert line(row, judged=True).split("|")[-2].strip() == verdict
    assert line(row, judged=False).split("|")[-2].strip() == "-"


@pytest.mark.parametrize(("name", "title"), [("formdata", "werkzeug"), ("inflate", "archive")])
def test_the_libraries_can_be_compared(name: str, title: str) -> None:
    pytest.importorskip(
        {"formdata": "streaming_form_data", "inflate": "zlib_ng"}[name], reason="make bench installs it"
    )
    command = [sys.executable, "-m", f"benchmarks.{name}", "4"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert title in done.stdout
