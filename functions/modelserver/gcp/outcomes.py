"""How a build of Cloud Build ended, in this program's words."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from modelserver.errors import BuildCancelled, BuildFailed, BuildTimedOut, Problem, TestFailed, Unavailable
from modelserver.gcp.buildlog import lines_of
from modelserver.gcp.builds import Build
from modelserver.gcp.buildstages import stages_of
from modelserver.gcp.steps.judge import PROBLEM
from modelserver.jsontypes import JSON, Object
from modelserver.package import Artifact, Outcome

TAIL = 64 * 1024
"""Bytes at the end of a log that are enough to explain any end."""

_SHOWN = 4096
_LINES = 20
_JUDGE = "judge"
_Status = Build.Status
_Failure = Build.FailureInfo.FailureType


def outcome_of(build: Build, package_id: str, log: bytes) -> Outcome:
    """build: ended. log: its last TAIL bytes, of which what cannot be read elsewhere is taken."""
    return replace(_outcome(build, package_id, log), stages=stages_of(build))


def _outcome(build: Build, package_id: str, log: bytes) -> Outcome:
    text = log.decode(errors="replace")
    if build.status == _Status.SUCCESS:
        evidence = _object(_output(build, _JUDGE))
        artifacts = tuple(_artifacts(build, evidence))
        if artifacts and evidence:
            return Outcome(artifacts, _member(evidence, "Schema"), _member(evidence, "Test"))
        problem: Problem = Unavailable("Cloud Build ended without saying what it made. Upload the package again.")
        return Outcome(error=_explained(problem, package_id, text))
    evidence = _verdict(text) if _failed_step(build) == _JUDGE else {}
    error = _explained(_problem(build, evidence, text), package_id, text)
    return Outcome((), _member(evidence, "Schema"), _member(evidence, "Test"), error)


def never_begun(package_id: str) -> Outcome:
    """Of a package that Cloud Build knows nothing of, and will not."""
    problem = Unavailable("Its build was never begun: the server ended before. Upload the package again.")
    return Outcome(error=problem.to_json() | {"ID": package_id})


def _artifacts(build: Build, evidence: Object) -> Iterator[Artifact]:
    """The images pushed under the package's own tag; the others keep layers for the next build."""
    tested = evidence.get("Tested")
    image = f"{build.substitutions.get('_IMAGE', '')}:{build.substitutions.get('_TAG', '')}"
    for pushed in build.results.images:
        if pushed.name in (image, f"{image}-gpu") and pushed.digest:
            architecture = "gpu" if pushed.name.endswith("-gpu") else "cpu"
            known = isinstance(tested, list) and architecture in tested
            yield Artifact(f"docker-{architecture}", pushed.name, pushed.digest, known)


def _problem(build: Build, evidence: Object, log: str) -> Problem:
    if build.status == _Status.TIMEOUT:
        return BuildTimedOut(f"It did not end within {int(_seconds(build))} s, and was stopped.")
    if build.status == _Status.CANCELLED:
        return BuildCancelled("It was cancelled.")
    if build.status == _Status.EXPIRED:
        return Unavailable("The build waited too long for a machine. Upload the package again.")
    if build.status == _Status.INTERNAL_ERROR:
        return Unavailable("Cloud Build had an error of its own. Upload the package again.")
    return _failure(build, evidence, log)


def _failure(build: Build, evidence: Object, log: str) -> Problem:
    kind, step = build.failure_info.type_, _failed_step(build)
    if kind in (_Failure.PUSH_FAILED, _Failure.PUSH_IMAGE_NOT_FOUND):
        return BuildFailed(f"The image could not be pushed: {build.failure_info.detail}")
    if kind == _Failure.PUSH_NOT_AUTHORIZED:
        return Unavailable("The builds' service account may not push to the registry (roles/artifactregistry.writer).")
    if kind == _Failure.LOGGING_FAILURE:
        return Unavailable("The builds' service account may not write to the logs' bucket.")
    if step == _JUDGE:
        return TestFailed(str(evidence.get("Detail") or "The test was not passed; the log says more."))
    last = "\n".join(lines_of(log, step)[-_LINES:]) if step else ""
    if step == "build":
        return BuildFailed(f"The image could not be built. The last that was said:\n{last}")
    return Unavailable(f"The build broke at its step {step or '(none)'}: {last or build.status_detail}")


def _failed_step(build: Build) -> str:
    """Statuses of steps are final, for the build has ended."""
    return next((step.id for step in build.steps if step.status == _Status.FAILURE), "")


def _verdict(log: str) -> Object:
    """What the judge said of a test that was not passed. Its last line of that form: only the judge writes there."""
    said = [line for line in lines_of(log, _JUDGE) if line.startswith(PROBLEM)]
    return _object(said[-1][len(PROBLEM) :]) if said else {}


def _output(build: Build, step: str) -> bytes:
    """What a step wrote to $BUILDER_OUTPUT/output."""
    outputs = zip(build.steps, build.results.build_step_outputs, strict=False)
    return next((bytes(output) for one, output in outputs if one.id == step), b"")


def _explained(problem: Problem, package_id: str, log: str) -> Object:
    """With the package's ID and the end of the log, for whoever reads only the answer."""
    return problem.to_json() | {"ID": package_id, "log": log[-_SHOWN:]}


def _seconds(build: Build) -> float:
    lasts: Any = build.timeout  # a timedelta, as proto-plus shows a Duration
    return float(lasts.total_seconds()) if lasts else 0.0


def _object(text: bytes | str) -> Object:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}


def _member(evidence: Object, key: str) -> Object:
    value: JSON = evidence.get(key)
    return value if isinstance(value, dict) else {}
