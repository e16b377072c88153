"""What the test of a package saw, as its page shows it. The report is a stranger's: any part may be anything."""

from __future__ import annotations

from dataclasses import dataclass

from modelserver.jsontypes import JSON, Object

_MOST_EXAMPLES = 50
_MOST_TEXT = 4000
_MOST_PACKAGES = 500


@dataclass(frozen=True)
class Tried:
    """One example. Texts as people read them; expected: None where any output would do."""

    number: int
    passed: bool
    input: str
    expected: str | None
    output: str
    seconds: JSON
    error: str


@dataclass(frozen=True)
class Evidence:
    """tried: the first of `count` examples. packages: versions by name."""

    tried: tuple[Tried, ...]
    count: int
    passed: bool
    setup_seconds: JSON
    peak_memory: JSON
    python: str
    packages: dict[str, str]


def evidence_of(test: Object) -> Evidence | None:
    """None where no test has reported."""
    if not test:
        return None
    examples = test.get("Examples")
    listed = [each for each in examples if isinstance(each, dict)] if isinstance(examples, list) else []
    return Evidence(
        tried=tuple(_tried(number, each) for number, each in enumerate(listed[:_MOST_EXAMPLES], 1)),
        count=len(listed),
        passed=test.get("Passed") is True,
        setup_seconds=test.get("SetupSeconds"),
        peak_memory=test.get("PeakMemory"),
        python=text(test.get("Python")) if isinstance(test.get("Python"), str) else "",
        packages=_packages(test.get("Packages")),
    )


def text(value: JSON) -> str:
    """A value as people read it: a text as it is, a file by its name, the rest as JSON; only so much of it."""
    from modelserver.pages.shown import json_text, size

    if isinstance(value, dict) and {"File", "Size", "SHA256"} <= value.keys():
        return f"{value['File']} ({size(value['Size'])}, sha256 {str(value['SHA256'])[:12]})"
    shown = value if isinstance(value, str) else json_text(value)
    return shown if len(shown) <= _MOST_TEXT else f"{shown[:_MOST_TEXT]} … ({len(shown):,} characters)"


def _tried(number: int, example: Object) -> Tried:
    error = example.get("Error")
    return Tried(
        number=number,
        passed=example.get("Passed") is True,
        input=text(example.get("Input")),
        expected=text(example["Expected"]) if example.get("Expected") is not None else None,
        output=text(example.get("Output")),
        seconds=example.get("Seconds"),
        error=f"{error.get('Code')}: {error.get('Detail')}" if isinstance(error, dict) else "",
    )


def _packages(value: JSON) -> dict[str, str]:
    known: Object = value if isinstance(value, dict) else {}
    return {name: str(version) for name, version in list(known.items())[:_MOST_PACKAGES]}
