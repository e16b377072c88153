"""The gate of a build: which reports let an image be pushed, and what is said of the others."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from modelserver.archive import open_archive
from modelserver.gcp.recipe import recipe
from modelserver.memory import MemoryReader
from tests.engines import LIMITS
from tests.packages import model, record, zipped

_RUNTIME = Path(__file__).parents[2] / "runtime" / "jid"
_MARK = "modelserver-problem: "
PASSED: dict[str, Any] = {
    "Passed": True,
    "Error": None,
    "Examples": [{"Input": {}, "Expected": None, "Output": "hello", "Seconds": 0.1, "Passed": True, "Error": None}],
    "SetupSeconds": 0.1,
    "Schema": {"Input": {"type": "object"}},
}
FAILED: dict[str, Any] = {
    **PASSED,
    "Passed": False,
    "Examples": [{"Input": {"text": "a"}, "Expected": "b", "Output": "c", "Passed": False,
                  "Error": {"Code": "OUTPUT_DIFFERS", "Detail": "the output differs"}}],
}  # fmt: skip

Judge = Callable[..., "Judged"]


class Judged:
    """What judge.py said and did."""

    def __init__(self, ended: subprocess.CompletedProcess[str], output: Path) -> None:
        self.status = ended.returncode
        self.said = ended.stdout + ended.stderr
        self.evidence: Any = json.loads(output.read_text()) if output.exists() else None
        self.size = output.stat().st_size if output.exists() else 0
        lines = [line[len(_MARK) :] for line in ended.stdout.splitlines() if line.startswith(_MARK)]
        self.problem: Any = json.loads(lines[-1]) if lines else {}


@pytest.fixture
def judge(tmp_path: Path) -> Judge:
    """judge(cpu=(report, state, said)) runs it as the build does: from the recipe, with nothing else in reach."""
    archive = open_archive(MemoryReader(zipped(model())), LIMITS)
    content = recipe(record(1), archive, "gs://b/a.zip#1", {"cpu": ""}, _RUNTIME)
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        tar.extractall(tmp_path / "recipe", filter="data")

    def run(**tests: tuple[bytes, str, bytes]) -> Judged:
        for architecture, (report, state, said) in tests.items():
            folder = tmp_path / "tests" / architecture
            folder.mkdir(parents=True)
            (folder / "report").write_bytes(report)
            (folder / "state").write_text(state + "\n")
            (folder / "said").write_bytes(said)
        (tmp_path / "outputs").mkdir()
        ended = subprocess.run(
            [sys.executable, "recipe/judge.py", "tests", *tests],
            cwd=tmp_path,
            env={"BUILDER_OUTPUT": "outputs", "TEST_TIMEOUT": "30", "TEST_MEMORY": str(64 << 20)},
            capture_output=True,
            text=True,
        )
        return Judged(ended, tmp_path / "outputs" / "output")

    return run


def _of(report: dict[str, Any]) -> bytes:
    return json.dumps(report).encode()


_WELL = "0 false false"


def test_a_test_that_was_passed_lets_the_image_go(judge: Judge) -> None:
    judged = judge(cpu=(_of(PASSED), _WELL, b""))
    assert judged.status == 0
    assert judged.evidence["Tested"] == ["cpu"]
    assert judged.evidence["Schema"] == PASSED["Schema"]
    assert judged.evidence["Test"]["Examples"] == PASSED["Examples"]


def test_a_test_that_was_not_passed_stops_it_and_says_why(judge: Judge) -> None:
    judged = judge(cpu=(_of(FAILED), "1 false false", b""))
    assert judged.status == 1
    assert judged.evidence is None
    assert "example 1 of 1 failed" in judged.problem["Detail"]
    assert 'expected: "b"' in judged.problem["Detail"]
    assert judged.problem["Schema"] == PASSED["Schema"]
    assert judged.problem["Test"]["Passed"] is False


@pytest.mark.parametrize(
    ("report", "state", "said", "words"),
    [
        (b"", "137 false false", b"Killed", "without a report"),
        (b"", "1 false false", b"ImportError: no torch", "ImportError: no torch"),
        (b"noise " + _of(PASSED), _WELL, b"", "without a report"),
        (_of(PASSED) * 2, _WELL, b"", "without a report"),
        (b'{"Passed": true}', _WELL, b"", "without a report"),
        (b"[]", _WELL, b"", "without a report"),
        (b"[" * 100_000, _WELL, b"", "without a report"),
        (b"\xff\xfe", _WELL, b"\xff", "without a report"),
        (b"", "0 false true", b"", "did not end within 30 s"),
        (b"", "137 true false", b"", "out of memory: the test may use 64 MiB"),
        (b"x" * (8 * 1024**2 + 1), "0 false true", b"", "printed more than 8 MiB"),
        (_of(PASSED), _WELL, b"x" * (8 * 1024**2 + 1), "printed more than 8 MiB"),
    ],
)
def test_what_is_no_report_passes_no_gate(judge: Judge, report: bytes, state: str, said: bytes, words: str) -> None:
    judged = judge(cpu=(report, state, said))
    assert judged.status == 1
    assert words in judged.problem["Detail"]
    assert judged.evidence is None
    assert "Traceback" not in judged.said


def test_a_gpu_image_is_imported_and_marked_untested(judge: Judge) -> None:
    judged = judge(gpu=(b'{"Input": {}}', _WELL, b""))
    assert judged.status == 0
    assert judged.evidence == {"Schema": {"Input": {}}, "Test": {}, "Tested": []}


def test_a_gpu_image_that_cannot_be_imported_here_is_not_held_back(judge: Judge) -> None:
    judged = judge(gpu=(b"", "1 false false", b"libcuda.so.1: cannot open"))
    assert judged.status == 0
    assert judged.evidence["Tested"] == []


def test_with_both_the_one_that_was_run_is_shown(judge: Judge) -> None:
    judged = judge(cpu=(_of(PASSED), _WELL, b""), gpu=(b"{}", _WELL, b""))
    assert judged.evidence["Tested"] == ["cpu"]
    assert judged.evidence["Test"]["Passed"] is True


@pytest.mark.parametrize("length", [60_000, 9000, 700])
def test_evidence_fits_into_what_cloud_build_hands_back(judge: Judge, length: int) -> None:
    example = {**PASSED["Examples"][0], "Output": "\u96ea" * length}
    judged = judge(cpu=(_of({**PASSED, "Examples": [example] * (120_000 // length)}), _WELL, b""))
    assert judged.status == 0
    assert 0 < judged.size <= 50_000
    assert judged.evidence["Test"]["Passed"] is True
    assert judged.evidence["Schema"] == PASSED["Schema"]


def test_so_does_a_report_of_a_thousand_examples(judge: Judge) -> None:
    judged = judge(cpu=(_of({**PASSED, "Examples": PASSED["Examples"] * 2000}), _WELL, b""))
    assert judged.size <= 50_000
    assert judged.evidence["Test"] == {"Passed": True, "Omitted": "2000 examples"}


def test_what_a_failed_test_says_fits_into_a_line(judge: Judge) -> None:
    example = {**FAILED["Examples"][0], "Output": "c\n" * 50_000, "Error": {"Code": "X", "Detail": "d\n" * 50_000}}
    judged = judge(cpu=(_of({**FAILED, "Examples": [example]}), _WELL, b""))
    assert judged.status == 1
    assert judged.problem["Detail"].startswith("docker-cpu: example 1 of 1 failed")
    assert len(json.dumps(judged.problem)) < 60_000
