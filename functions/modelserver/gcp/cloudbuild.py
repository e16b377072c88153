"""Port Engine on Cloud Build: buildspecs/model.yaml, submitted once for each build and found again by its tag."""

from __future__ import annotations

import time
from pathlib import Path

from modelserver.errors import Misconfigured, Unavailable
from modelserver.gcp.buildlog import BuildLog
from modelserver.gcp.builds import Build, Builds, has_ended
from modelserver.gcp.buildspec import BuildSpec, build_tag
from modelserver.gcp.buildstages import LiveStages, stages_of
from modelserver.gcp.objects import Objects
from modelserver.gcp.outcomes import TAIL, never_begun, outcome_of
from modelserver.gcp.recipes import Recipes
from modelserver.gcp.storage import CloudStorage
from modelserver.package import Outcome, Package
from modelserver.settings import Settings
from modelserver.stages import Stage

_PAUSE = 1.0
_GIVEN_UP = 900.0  # seconds of a record without a build: one is begun within seconds, or again by a repeated upload
_SOURCE = Path(__file__).resolve().parents[2]
_MOST_LIVE = 100
_MOST_LOG = 1024**2


class CloudBuildEngine:
    """Keeps nothing that counts: Cloud Build knows its builds, a bucket has the logs. logs: that bucket."""

    name = "cloudbuild"

    def __init__(self, builds: Builds, spec: BuildSpec, recipes: Recipes, logs: Objects) -> None:
        self._builds = builds
        self._spec = spec
        self._recipes = recipes
        self._logs = logs
        self._live: dict[str, LiveStages] = {}

    def submit(self, package: Package) -> None:
        """Twice is once: a build with this tag is looked for first; the record's claim lets one submit it."""
        if self._find(package) is None:
            build = self._spec.of(package)
            self._recipes.write(package)
            try:
                self._builds.create(build)
            except Unavailable:
                if self._find(package) is None:  # else it was created, and the answer got lost
                    raise

    def wait(self, package: Package, seconds: float) -> Outcome | None:
        """Cloud Build is asked about once a second, so that it may take a second longer."""
        until = time.monotonic() + seconds
        while not ((build := self._find(package)) and has_ended(build)):
            if build is None and package.age > _GIVEN_UP:
                return never_begun(package.id)
            if time.monotonic() >= until:
                return None
            time.sleep(_PAUSE)
        return outcome_of(build, package.id, self._log(build).read(-TAIL, TAIL))

    def log(self, package: Package, offset: int) -> bytes:
        build = self._find(package)
        return self._log(build).read(offset, _MOST_LOG) if build else b""

    def stages(self, package: Package) -> tuple[Stage, ...]:
        build = self._find(package)
        if build is None:
            return ()
        if has_ended(build):
            self._live.pop(build.id, None)
            return stages_of(build)
        if len(self._live) > _MOST_LIVE:
            self._live.clear()
        return self._live.setdefault(build.id, LiveStages()).of(build, self._log(build))

    def cancel(self, package: Package) -> None:
        self._builds.cancel(build_tag(package))

    def remove(self, package: Package) -> None:
        """The images stay in the registry, under its cleanup policy: others may run them."""
        self._recipes.remove(package)
        if build := self._find(package):
            self._log(build).remove()

    def _find(self, package: Package) -> Build | None:
        return self._builds.find(build_tag(package))

    def _log(self, build: Build) -> BuildLog:
        return BuildLog(self._logs, build.id)


def cloudbuild(settings: Settings, objects: Objects, storage: CloudStorage) -> CloudBuildEngine:
    """The engine as the settings say; objects: of the bucket of zips. Raises Misconfigured."""
    return CloudBuildEngine(
        Builds(settings.need("project"), settings.need("location"), settings.build_endpoint),
        BuildSpec(beside("buildspecs/model.yaml"), settings),
        Recipes(settings, objects, storage, beside("runtime/jid")),
        Objects(settings.need("logs_bucket"), settings.project),
    )


def beside(name: str) -> Path:
    """What goes with the functions: deployed, it lies in their source; in the repository, beside their folder."""
    for folder in (_SOURCE, _SOURCE.parent):
        if (folder / name).exists():
            return folder / name
    raise Misconfigured(f"The functions were deployed without {name}: it belongs beside main.py.")
