"""What a test printed, read with distrust: a report, or a clear refusal."""

from __future__ import annotations

import json

import pytest

from modelserver.errors import TestFailed
from modelserver.jsontypes import Object
from modelserver.trial import judged, read_report

PASSED: Object = {"Passed": True, "Error": None, "Examples": [], "SetupSeconds": 0.1, "Schema": {"Input": {}}}
DIFFERS: Object = {"Code": "EXAMPLE_DIFFERS", "Detail": "the texts differ at the first letter"}


def printed(**changes: object) -> bytes:
    return json.dumps({**PASSED, **changes}).encode()


def verdict(**changes: object) -> str:
    problem = judged(read_report(printed(**changes), ""), "docker-cpu")
    assert isinstance(problem, TestFailed)
    return problem.detail


@pytest.mark.parametrize(
    "output",
    [
        b"",
        b"\n",
        b"null",
        b"[]",
        b"{}",
        b'"Passed"',
        b"\xff\xfe",
        b'{"Passed": true}',
        printed(Passed="true"),
        printed(Passed=1),
        printed(Examples=None),
        printed(Examples=[1]),
        printed(Examples=[{"Error": "text"}]),
        printed(Error="text"),
        printed(Error={"Code": 1, "Detail": "x"}),
        printed(Schema=[1]),
        printed(SetupSeconds=float("nan")),
        printed(SetupSeconds=float("inf")),
        printed() + printed(),
        b"hello\n" + printed(),
        printed()[:-1],
        b"[" * 100_000,
        b"1" * 10_000,
        printed(Schema={"x": "\ud800"}),
        printed(Schema={"\udfff": 1}),
        printed().replace(b"0.1", b"1e999"),
        printed(Examples=[{"Output": json.loads("[" * 70 + "]" * 70)}]),
        printed(Examples=[{"Output": "x" * 2_000_000}]),
    ],
)
def test_anything_but_one_report_is_refused_with_the_last_words(output: bytes) -> None:
    with pytest.raises(TestFailed, match=r"without a report.*Segmentation fault"):
        read_report(output, "Segmentation fault")


def test_a_report_that_passed_is_evidence_without_a_problem() -> None:
    report = read_report(printed() + b"\n", "")
    assert judged(report, "docker-cpu") is None
    assert report.schema == {"Input": {}}
    assert report.evidence["SetupSeconds"] == 0.1


def test_a_failed_example_is_named_with_expected_and_got() -> None:
    good = {"Input": {"n": 1}, "Expected": 1, "Output": 1, "Passed": True, "Error": None}
    bad = {"Input": {"n": 2}, "Expected": "two", "Output": "deux", "Passed": False, "Error": DIFFERS}
    detail = verdict(Passed=False, Error=DIFFERS, Examples=[good, bad])
    for part in ("docker-cpu", "example 2 of 2", '{"n": 2}', 'expected: "two"', 'got: "deux"', "the texts differ"):
        assert part in detail


def test_a_failure_before_the_examples_shows_its_code_and_reason() -> None:
    error = {"Code": "SETUP_FAILED", "Detail": "ValueError: out of cheese"}
    assert verdict(Passed=False, Error=error) == "docker-cpu: SETUP_FAILED: ValueError: out of cheese"


def test_a_failure_without_a_reason_says_so() -> None:
    assert "says not why" in verdict(Passed=False)


def test_a_huge_output_is_shortened_in_the_message() -> None:
    bad = {"Input": {"n": "x" * 10_000}, "Expected": 1, "Output": "y" * 10_000, "Passed": False, "Error": DIFFERS}
    assert len(verdict(Passed=False, Error=DIFFERS, Examples=[bad])) < 2000
