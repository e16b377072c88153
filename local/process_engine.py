"""Builds without Docker: a virtual environment per package, and the same test. It isolates nothing.

A package lives in one folder: venv/, runtime/, model/ as in an image, and `jid`, a script that starts the
runtime in it. uv makes the environments: it shares one copy of each wheel between them by hard links.
"""

from __future__ import annotations

import shlex
import shutil
import tempfile
from collections.abc import Mapping, Set
from dataclasses import dataclass
from pathlib import Path

from uv import find_uv_bin

from local.command import Allowance, Command, Finished
from local.context import about
from local.job import Job
from local.scratch import Scratch
from modelserver.archive import Archive
from modelserver.errors import BuildFailed, Misconfigured, TestFailed
from modelserver.frameworks import Facts
from modelserver.inspection import requirements
from modelserver.package import Artifact, Outcome, Package
from modelserver.settings import Settings
from modelserver.trial import judged, read_report
from modelserver.wheels import Wheels, wheels

TARGET = "process-cpu"
_UNLIMITED = 1 << 50
_MOST_PROCESSES = 4096
_BEHIND = 10  # a build waits for the server's answers, not they for it


@dataclass(frozen=True)
class Place:
    """The folder of one package's environment, and what is where in it."""

    folder: Path

    @property
    def python(self) -> Path:
        return self.folder / "venv" / "bin" / "python"

    @property
    def source(self) -> Path:
        return self.folder / "model" / "src"

    @property
    def about(self) -> Path:
        return self.folder / "model" / "jid.json"

    @property
    def runtime(self) -> Path:
        return self.folder / "runtime" / "jid"

    @property
    def script(self) -> Path:
        return self.folder / "jid"

    def variables(self) -> dict[str, str]:
        """What the runtime reads."""
        return {"JID_CONFIG": str(self.about), "JID_SOURCE": str(self.source), "PYTHONUNBUFFERED": "1"}

    def command(self, *words: str) -> tuple[str, ...]:
        return (str(self.python), "-I", "-S", str(self.runtime / "__main__.py"), *words)


class ProcessBuilder:
    """Builder without an engine. folder: one sub-folder for each package. runtime: the `jid` library.

    tools: the environment variables that uv sees (index, certificates, cache), and no others.
    """

    name = "process"

    def __init__(self, settings: Settings, facts: Facts, folder: Path, runtime: Path, tools: Mapping[str, str]) -> None:
        self._settings = settings
        self._facts = facts
        self._folder = folder
        self._runtime = runtime
        self._tools = tools
        self._uv_program = _uv()
        self._scratch = Scratch("test", folder)
        folder.mkdir(parents=True, exist_ok=True)

    def build(self, package: Package, archive: Archive, job: Job) -> Outcome:
        place = self._place(package)
        try:
            outcome = self._build(package, archive, job, place)
        except BaseException:
            self.remove(package)
            raise
        if outcome.error:
            self.remove(package)
        return outcome

    def test(self, package: Package, job: Job) -> Outcome:
        return self._test(job, self._place(package), "modelserver-retest-")

    def clean(self, package: Package) -> None:
        self.remove(package)

    def remove(self, package: Package) -> None:
        shutil.rmtree(self._place(package).folder, ignore_errors=True)

    def sweep(self, ready: Set[str]) -> None:
        for folder in self._folder.iterdir():
            if folder.name not in ready:
                shutil.rmtree(folder, ignore_errors=True)
        self._scratch.sweep()

    def _build(self, package: Package, archive: Archive, job: Job, place: Place) -> Outcome:
        _require_cpu(package, job)
        with job.stage("unpack"):
            self._unpack(package, archive, place)
        with job.stage(f"environment {TARGET}"):
            self._install(package, archive, job, place)
        with job.stage(f"test {TARGET}"):
            return self._test(job, place, self._scratch.prefix)

    def _unpack(self, package: Package, archive: Archive, place: Place) -> None:
        place.source.mkdir(parents=True)
        for file in archive.files:
            path = place.source / file.path
            path.parent.mkdir(parents=True, exist_ok=True)
            with path.open("xb") as unpacked:
                unpacked.writelines(archive.stream(file))
            path.chmod(0o755 if file.executable else 0o644)
        place.about.write_bytes(about(package))
        for library in self._runtime.rglob("*.py"):
            copy = place.runtime / library.relative_to(self._runtime)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(library.read_bytes())
        place.script.write_text(_script(place))
        place.script.chmod(0o755)

    def _install(self, package: Package, archive: Archive, job: Job, place: Place) -> None:
        version = package.config.environment.python_version
        self._uv(job, place, "venv", "--quiet", "--python", version, str(place.folder / "venv"))
        listed = wheels(package.config, requirements(archive, package.config), self._facts, "cpu", package.completion)
        words = [*_indexes(listed, self._settings.package_index), *listed.packages]
        if named := package.config.environment.python_requirements:
            words += ["--requirement", str(place.source / named)]
        if listed.packages or named:
            self._uv(job, place, "pip", "install", "--python", str(place.python), *words)

    def _uv(self, job: Job, place: Place, *words: str) -> None:
        seconds = self._settings.build_timeout
        allowance = Allowance(seconds, _UNLIMITED, _MOST_PROCESSES, _UNLIMITED, place.folder, _BEHIND)
        done = Command((self._uv_program, *words), self._tools, place.folder, allowance).run(job)
        if done.status != 0:
            what = "Python " + words[3] if words[0] == "venv" else "the packages"
            raise BuildFailed(done.broken or f"uv could not install {what}; the log says why.")

    def _test(self, job: Job, place: Place, prefix: str) -> Outcome:
        with tempfile.TemporaryDirectory(prefix=prefix) as scratch:
            done = self._trial(job, place, Path(scratch))
        if done.broken:
            return Outcome(error=TestFailed(f"{TARGET}: {done.broken}").to_json())
        report = read_report(done.output, "")
        if problem := judged(report, TARGET):
            return Outcome((), report.schema, report.evidence, problem.to_json())
        return Outcome((Artifact(TARGET, place.folder.as_uri()),), report.schema, report.evidence)

    def _trial(self, job: Job, place: Place, scratch: Path) -> Finished:
        settings = self._settings
        allowance = Allowance(
            settings.test_timeout, settings.test_memory, settings.test_processes, settings.test_disk, scratch, _BEHIND
        )
        return Command(place.command("test"), surroundings(place, scratch, self._tools), place.source, allowance).run(
            job
        )

    def _place(self, package: Package) -> Place:
        return Place(self._folder / package.id)


def surroundings(place: Place, scratch: Path, tools: Mapping[str, str]) -> dict[str, str]:
    """The environment of a model: all that it sees of the server's."""
    return {
        **place.variables(),
        "PATH": tools.get("PATH", ""),
        "HOME": str(scratch),
        "TMPDIR": str(scratch),
        "LANG": "C.UTF-8",
    }


def _uv() -> str:
    """Looked up once, at the start: two threads that do it first at the same time can break each other's import of
    Python's configuration (sysconfig.get_config_var is None for a moment). Raises Misconfigured."""
    try:
        return find_uv_bin()
    except FileNotFoundError:
        raise Misconfigured(
            "The process engine needs uv, and there is none: `make install`, or pip install uv."
        ) from None


def _require_cpu(package: Package, job: Job) -> None:
    architectures = package.config.environment.architectures
    if "cpu" not in architectures:
        raise BuildFailed("The process engine builds for cpu only; add cpu to environment.architectures.")
    if "gpu" in architectures:
        job.log("The process engine builds for cpu only; gpu is left out.\n")


def _indexes(listed: Wheels, package_index: str) -> list[str]:
    """pip's reading of several indexes, the best version of all, which the wheels' local versions stand on."""
    words = ["--default-index", package_index] if package_index else []
    for url in listed.extra_index_urls:
        words += ["--index", url]
    for url in listed.find_links:
        words += ["--find-links", url]
    return [*words, "--index-strategy", "unsafe-best-match"]


def _script(place: Place) -> str:
    variables = " ".join(f"{name}={shlex.quote(value)}" for name, value in place.variables().items())
    return f'#!/bin/sh\nexec env {variables} {shlex.join(place.command())} "$@"\n'
