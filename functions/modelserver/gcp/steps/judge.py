"""The gate in a build of Cloud Build: `judge.py TESTS ARCHITECTURE...`. An image that fails here is never pushed.

TESTS/<architecture>/ has what the test step left: `report` (what the image printed), `said` (what it said
otherwise) and `state` ("<exit status> <killed for its memory: true or false> <stopped for its time: true or false>").
The evidence goes to $BUILDER_OUTPUT/output, of which Cloud Build hands back 50 KB. If the test was not passed,
one line of the log says why, for outcomes.py to read, and the exit status is 1. The package `modelserver`
beside this file is the part of the server's that reads reports.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from modelserver.errors import Problem, TestFailed
from modelserver.jsontypes import JSON, Object
from modelserver.trial import judged, read_report

PROBLEM = "modelserver-problem: "
_MOST_EVIDENCE = 50_000
_MOST_LINE = 30_000
_MOST_PRINTED = 8 * 1024**2
_TAIL = 2000


@dataclass(frozen=True)
class Verdict:
    """What the test of one architecture showed."""

    schema: Object
    test: Object
    tested: bool = True
    problem: Problem | None = None


def verdict(tests: Path, architecture: str) -> Verdict:
    """A GPU is not here: then the model was imported, which says its schema, and not run."""
    report = (tests / architecture / "report").read_bytes()
    said = (tests / architecture / "said").read_bytes()
    status, starved, late = (tests / architecture / "state").read_text().split()
    if architecture == "gpu":
        return Verdict(_object(report), {}, tested=False)
    try:
        if max(len(report), len(said)) > _MOST_PRINTED:
            raise TestFailed(f"It printed more than {_MOST_PRINTED // 1024**2} MiB, and was stopped.")
        if late == "true":
            raise TestFailed(f"It did not end within {os.environ.get('TEST_TIMEOUT')} s, and was stopped.")
        tail = said[-_TAIL:].decode(errors="replace").strip()
        read = read_report(report, f"exit status {status}. {tail}")
    except TestFailed as unread:
        return Verdict({}, {}, problem=_explained(unread, starved == "true"))
    problem = judged(read, f"docker-{architecture}")
    return Verdict(read.schema, read.evidence, problem=problem and _explained(problem, starved == "true"))


def judge(tests: Path, architectures: list[str]) -> tuple[Object, Problem | None]:
    """The evidence, of the test that failed or else of the first one that was run, and why it failed."""
    verdicts = {architecture: verdict(tests, architecture) for architecture in architectures}
    failed = [one for one in verdicts.values() if one.problem]
    shown = next(iter(failed or [one for one in verdicts.values() if one.tested] or verdicts.values()))
    tested: list[JSON] = [architecture for architecture, one in verdicts.items() if one.tested]
    return {"Schema": shown.schema, "Test": shown.test, "Tested": tested}, shown.problem


def fitted(evidence: Object, most: int) -> bytes:
    """As JSON in ASCII of at most so many bytes: long values go first, then the examples, then the schema."""
    test = cast(Object, evidence["Test"])
    examples = cast("list[Object]", test.get("Examples") or [])
    for longest in (most, 4000, 400, 40):
        shown: Object = {**test, "Examples": [_shortened(example, longest) for example in examples]} if test else {}
        text = json.dumps({**evidence, "Test": shown}).encode()
        if len(text) <= most:
            return text
    bare = {**evidence, "Test": {"Passed": test.get("Passed"), "Omitted": f"{len(examples)} examples"}}
    text = json.dumps(bare).encode()
    return text if len(text) <= most else json.dumps({**bare, "Schema": {}}).encode()


def _shortened(example: Object, longest: int) -> Object:
    return {key: value if len(text := json.dumps(value)) <= longest else text[:longest] + "..."
            for key, value in example.items()}  # fmt: skip


def _explained(problem: Problem, starved: bool) -> Problem:
    """What neither the model nor the runtime in the image can know."""
    if not starved:
        return problem
    allowed = int(os.environ.get("TEST_MEMORY", "0")) // 1024**2
    return TestFailed(
        f"It ran out of memory: the test may use {allowed} MiB (MODELSERVER_TEST_MEMORY). {problem.detail}"
    )


def _object(output: bytes) -> Object:
    try:
        value = json.loads(output)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def main(tests: Path, architectures: list[str]) -> int:
    evidence, problem = judge(tests, architectures)
    if problem:
        print(problem.detail)
        line = {"Detail": problem.detail[:4000], **json.loads(fitted(evidence, _MOST_LINE))}
        print(PROBLEM + json.dumps(line))
        return 1
    Path(os.environ["BUILDER_OUTPUT"], "output").write_bytes(fitted(evidence, _MOST_EVIDENCE))
    print("The test was passed." if evidence["Tested"] else "No GPU here: the model is imported and marked untested.")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
