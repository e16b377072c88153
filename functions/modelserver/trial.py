"""A model's test: the report that `jid test` prints, read with distrust, and what to say of it."""

from __future__ import annotations

import json
import math
from typing import NoReturn, cast

from modelserver.errors import Problem, TestFailed
from modelserver.jsontypes import JSON, Object
from modelserver.package import TestReport

_SHOWN = 500
_MOST = 1024**2
_DEEPEST = 64


def read_report(output: bytes, tail: str) -> TestReport:
    """Reads all that the test printed: it must be one JSON object, shaped as the runtime's report.

    tail: the end of what it said otherwise, for the message. Raises TestFailed if it is anything else; the
    exit status proves nothing, for the model can set it.
    """
    try:
        report = json.loads(output, parse_constant=_refuse) if len(output) <= _MOST else None
    except (ValueError, RecursionError):
        raise _unreadable(tail) from None
    if not (_is_report(report) and _is_plain(report)):
        raise _unreadable(tail)
    return TestReport.from_runtime(cast(Object, report))


def judged(report: TestReport, target: str) -> Problem | None:
    """None if the test passed; else why not: the first example that failed, expected and got shown."""
    if report.passed:
        return None
    examples = cast("list[Object]", report.evidence["Examples"])
    for number, example in enumerate(examples, 1):
        if example.get("Passed") is not True:
            return TestFailed(f"{target}: example {number} of {len(examples)} {_failure(example)}")
    error = report.evidence.get("Error")
    return TestFailed(f"{target}: {_reason(error) or 'the test did not pass, and its report says not why'}")


def _failure(example: Object) -> str:
    """In one text: what went in, what was expected, what came out, why that will not do."""
    parts = [f"failed on the input {_short(example.get('Input'))}: {_reason(example.get('Error'))}"]
    if example.get("Expected") is not None:
        parts.append(f"expected: {_short(example['Expected'])}")
        parts.append(f"got: {_short(example.get('Output'))}")
    return "\n".join(parts)


def _reason(error: JSON) -> str:
    return f"{error['Code']}: {error['Detail']}" if isinstance(error, dict) else ""


def _short(value: JSON) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _is_plain(report: JSON) -> bool:
    """Whether it can be kept and shown to everyone: not deep, no number and no text that JSON cannot hold."""
    waiting: list[tuple[JSON, int]] = [(report, 0)]
    while waiting:
        value, depth = waiting.pop()
        if depth > _DEEPEST or (isinstance(value, float) and not math.isfinite(value)):
            return False
        if isinstance(value, str) and not _is_text(value):
            return False
        if isinstance(value, dict):
            waiting += [(each, depth + 1) for pair in value.items() for each in pair]
        if isinstance(value, list):
            waiting += [(each, depth + 1) for each in value]
    return True


def _is_text(value: str) -> bool:
    """A lone surrogate is in no encoding."""
    return not any("\ud800" <= character <= "\udfff" for character in value)


def _is_report(report: JSON) -> bool:
    return (
        isinstance(report, dict)
        and isinstance(report.get("Passed"), bool)
        and isinstance(report.get("Schema") or {}, dict)
        and _is_error(report.get("Error"))
        and _are_examples(report.get("Examples"))
    )


def _is_error(error: JSON) -> bool:
    if isinstance(error, dict):
        return isinstance(error.get("Code"), str) and isinstance(error.get("Detail"), str)
    return not error


def _are_examples(examples: JSON) -> bool:
    return isinstance(examples, list) and all(
        isinstance(example, dict) and _is_error(example.get("Error")) for example in examples
    )


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is no JSON")


def _unreadable(tail: str) -> TestFailed:
    said = f" The last that it said: {tail}" if tail else ""
    return TestFailed(f"The test ended without a report: the process was ended, or something else printed.{said}")
