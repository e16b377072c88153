"""The Docker engine as a Builder: an image for each architecture, built, tested, and only then published."""

from __future__ import annotations

import json
from collections.abc import Set
from dataclasses import dataclass
from pathlib import Path

from local.context import context
from local.docker_images import DockerImages
from local.docker_line import calling, docker_answers
from local.docker_sandbox import DockerSandbox, Ended
from local.job import Job
from modelserver.archive import Archive
from modelserver.completion import wheels
from modelserver.config import Architecture
from modelserver.dockerfile import dockerfile
from modelserver.errors import Problem, TestFailed
from modelserver.frameworks import Facts
from modelserver.inspection import requirements
from modelserver.jsontypes import Object
from modelserver.package import Artifact, Outcome, Package
from modelserver.settings import Settings
from modelserver.trial import judged, read_report

__all__ = ["DockerBuilder", "docker_answers", "has_gpus"]


@dataclass(frozen=True)
class _Tried:
    """An image and how its test went. tested: False where it needs a GPU that is not here."""

    image: str
    schema: Object
    evidence: Object
    problem: Problem | None = None
    tested: bool = True


class DockerBuilder:
    """Builder: builds, tests, tags `<registry>/name:<12 hex of the ID>`, and pushes if there is a registry.

    runtime: the folder of the `jid` library.
    """

    name = "docker"

    def __init__(self, settings: Settings, facts: Facts, runtime: Path) -> None:
        self._settings = settings
        self._facts = facts
        self._runtime = runtime
        self._images = DockerImages(settings.registry, settings.test_memory)
        self._sandbox = DockerSandbox(settings)

    def build(self, package: Package, archive: Archive, job: Job) -> Outcome:
        """All architectures pass, or nothing is published. Raises BuildFailed, TestFailed, Unavailable."""
        try:
            outcome = self._build(package, archive, job)
        except BaseException:
            self._undo(package)
            raise
        if outcome.error:
            self._undo(package)
        self.clean(package)
        return outcome

    def test(self, package: Package, job: Job) -> Outcome:
        tried = _Tried("", {}, {}, tested=False)
        for artifact in package.artifacts:
            gpus = artifact.target.endswith("-gpu")
            if gpus and not has_gpus():
                job.log(f"This machine has no GPU: {artifact.target} was not tested.\n")
                continue
            tried = _judged(artifact.uri, self._sandbox.run(package, artifact.uri, "test", gpus, job), artifact.target)
            if tried.problem:
                return Outcome(error=tried.problem.to_json())
        return Outcome(package.artifacts, tried.schema, tried.evidence)

    def clean(self, package: Package) -> None:
        self._sandbox.clean(package)
        self._images.forget(package)

    def remove(self, package: Package) -> None:
        self._images.remove(package)

    def sweep(self, ready: Set[str]) -> None:
        """Nothing lies in the server's folder; the engine's images may be another server's."""

    def _build(self, package: Package, archive: Archive, job: Job) -> Outcome:
        tried: dict[Architecture, _Tried] = {}
        for architecture in package.config.environment.architectures:
            tried[architecture] = self._try(package, archive, architecture, job)
            if problem := tried[architecture].problem:
                job.log(f"{problem.detail}\n")
                return _outcome(tried, problem.to_json())
        return _outcome(tried, artifacts=self._publish(package, tried, job))

    def dockerfile(self, package: Package, archive: Archive, architecture: Architecture) -> str:
        """How the image is made, but for its labels, which the engine adds."""
        needed = requirements(archive, package.config)
        return dockerfile(
            package.config,
            architecture,
            wheels(package.config, needed, self._facts, architecture, package.completion),
            base_image_prefix=self._settings.base_image_prefix,
            package_index=self._settings.package_index,
        )

    def _try(self, package: Package, archive: Archive, architecture: Architecture, job: Job) -> _Tried:
        target = f"docker-{architecture}"
        with job.stage(f"build {target}"):
            chunks = context(package, archive, self.dockerfile(package, archive, architecture), self._runtime)
            image = self._images.build(package, architecture, chunks, job)
        with job.stage(f"test {target}"):
            gpus = architecture == "gpu"
            if gpus and not has_gpus():
                return self._imported(package, image, job)
            ended = self._sandbox.run(package, image, "test", gpus, job)
            return _judged(image, ended, target)

    def _imported(self, package: Package, image: str, job: Job) -> _Tried:
        """There is no GPU here, so the model is imported, which says its schema, and not run."""
        ended = self._sandbox.run(package, image, "schema", False, job)
        schema = _object(ended.output)
        said = "imported" if schema else "not even imported without one"
        job.log(f"This machine has no GPU: the model is {said}, and marked untested.\n")
        return _Tried(image, schema, {}, tested=False)

    def _publish(self, package: Package, tried: dict[Architecture, _Tried], job: Job) -> tuple[Artifact, ...]:
        return tuple(
            self._images.publish(package, each.image, architecture, each.tested, job)
            for architecture, each in tried.items()
        )

    def _undo(self, package: Package) -> None:
        self.clean(package)
        self.remove(package)


def _judged(image: str, ended: Ended, target: str) -> _Tried:
    """Raises TestFailed when there is no report to judge."""
    try:
        report = read_report(ended.output, f"exit status {ended.status}. {ended.tail}")
    except TestFailed as unread:
        raise _explained(unread, ended) from None
    problem = judged(report, target)
    return _Tried(image, report.schema, report.evidence, _explained(problem, ended) if problem else None)


def _explained(problem: Problem, ended: Ended) -> Problem:
    """What neither the model nor the runtime in the image can know."""
    if not ended.out_of_memory:
        return problem
    return TestFailed(
        f"It ran out of memory: the test may use {ended.memory // 1024**2} MiB "
        f"(MODELSERVER_TEST_MEMORY). {problem.detail}"
    )


def _outcome(
    tried: dict[Architecture, _Tried], error: Object | None = None, artifacts: tuple[Artifact, ...] = ()
) -> Outcome:
    """With the evidence of the test that failed, or else of the first one that could be run."""
    each = list(tried.values())
    shown = each[-1] if error else next((one for one in each if one.tested), each[0])
    return Outcome(artifacts, shown.schema, shown.evidence, error or {})


def has_gpus() -> bool:
    with calling() as api:
        return "nvidia" in api.info().get("Runtimes", {})


def _object(output: bytes) -> Object:
    try:
        value = json.loads(output)
    except (ValueError, RecursionError):
        return {}
    return value if isinstance(value, dict) else {}
