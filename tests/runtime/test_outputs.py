"""`jid test`: outputs against what the examples expect, and how outputs stand in the report."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable

import pytest

from tests.runtime.guest import Guest

Make = Callable[..., Guest]

HELLO = """
    import jid
    class Model(jid.Model):
        def run(self, text: str = "world", times: int = 1) -> str:
            return " ".join(["hello"] + [text] * times)
"""


def code(guest: Guest) -> tuple[str, str]:
    """The report's error, of a test that must fail with status 1."""
    tested = guest.test()
    assert tested.status == 1
    assert tested.report["Passed"] is False
    return tested.report["Error"]["Code"], tested.report["Error"]["Detail"]


@pytest.mark.parametrize(
    ("expected", "says"),
    [
        ("hello you", 'expected "hello you", got "hello world"'),
        (3, 'expected 3, got "hello world"'),
    ],
)
def test_an_output_that_differs_shows_both(guest: Make, expected: object, says: str) -> None:
    found, detail = code(guest(HELLO, examples=[{"Input": {}, "Output": expected}]))
    assert found == "EXAMPLE_DIFFERS"
    assert says in detail


@pytest.mark.parametrize(
    ("output", "expected", "agrees"),
    [
        ([1.00005, {"a": 2}], [1, {"a": 2.0}], True),
        ([1000.05], [1000], True),
        ([1.001], [1], False),
        ({"a": 1}, {"a": 1, "b": 2}, False),
        ({"a": 1, "b": 2}, {"a": 1}, False),
        ([1, 2], [1], False),
        (True, 1, False),
        (None, None, True),
    ],
)
def test_numbers_agree_within_a_tolerance_and_shapes_exactly(
    guest: Make, output: object, expected: object, agrees: bool
) -> None:
    infer = f"class Model:\n  def run(self): return {output!r}"
    assert guest(infer, examples=[{"Input": {}, "Output": expected}]).test().report["Passed"] is agrees


def test_an_expected_error_passes_and_another_does_not(guest: Make) -> None:
    infer = "class Model:\n  def run(self, n: int): raise ValueError('number %d is bad' % n)"
    examples = [{"Input": {"n": 1}, "Error": "number 1"}, {"Input": {"n": 2}, "Error": "number 1"}]
    tested = guest(infer, examples=examples).test()
    assert [example["Passed"] for example in tested.report["Examples"]] == [True, False]
    assert "number 2 is bad" in tested.report["Examples"][1]["Error"]["Detail"]


def test_an_error_that_does_not_come_is_a_difference(guest: Make) -> None:
    assert code(guest(HELLO, examples=[{"Input": {}, "Error": "boom"}]))[0] == "EXAMPLE_DIFFERS"


def test_an_example_whose_input_does_not_fit(guest: Make) -> None:
    found, detail = code(guest(HELLO, examples=[{"Input": {"times": "many", "txt": "x"}}]))
    assert found == "INPUT_INVALID"
    assert "/times" in detail
    assert "/txt" in detail


def test_a_large_output_is_recorded_by_its_digest(guest: Make) -> None:
    tested = guest("class Model:\n  def run(self): return 'x' * 100000").test()
    output = tested.report["Examples"][0]["Output"]
    assert output["Size"] == 100002
    assert output["SHA256"] == hashlib.sha256(json.dumps("x" * 100000).encode()).hexdigest()
    assert output["Truncated"].startswith('"xxx')


@pytest.mark.parametrize(
    "value", ["float('nan')", "[1, {'a': float('inf')}]", "object()", "{1, 2}", "jid.Path('none')"]
)
def test_an_output_that_cannot_be_sent(guest: Make, value: str) -> None:
    found, detail = code(guest(f"import jid\nclass Model:\n  def run(self): return {value}"))
    assert found == "RUN_FAILED"
    assert "cannot be sent" in detail
