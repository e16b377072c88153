"""The engine of Google Cloud on this machine: Cloud Build's stand-in, the storage stand-in, Docker, a registry."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.request import urlopen

from google.cloud.devtools.cloudbuild_v1 import Build

from modelserver.gcp.cloudbuild import CloudBuildEngine, cloudbuild
from modelserver.gcp.objects import Objects
from modelserver.gcp.storage import CloudStorage
from modelserver.package import Outcome, Package
from modelserver.settings import Settings
from tests.cloud.cloudbuild_standin.server import CloudBuild
from tests.cloud.emulators import missing
from tests.engines import need_docker
from tests.packages import model, record, zipped

REGISTRY = "localhost:5001"
ROOT = Path(__file__).parents[2]
_SOON = 180.0
_BASE_IMAGE = ROOT / "tests" / "docker" / "base_image.sh"


def settings_for(bucket: str, endpoint: str) -> Settings:
    """As deployed functions have them; the logs go into the same bucket.

    The registry's path is this world's own: in one Docker engine, builds of one name would share its tags.
    """
    return Settings(
        project="tests",
        location="us-central1",
        bucket=bucket,
        logs_bucket=bucket,
        registry=f"{REGISTRY}/{bucket}",
        build_service_account="builder@tests.iam.gserviceaccount.com",
        build_endpoint=endpoint,
        base_image_prefix="localhost/",
        test_memory=512 * 1024**2,
        test_timeout=60,
    )


@dataclass
class CloudWorld:
    """Everything that a build needs. Change `settings` before the first one."""

    settings: Settings
    storage: CloudStorage
    standin: CloudBuild

    @property
    def engine(self) -> CloudBuildEngine:
        return cloudbuild(self.settings, Objects(self.settings.bucket), self.storage)

    def package(self, files: dict[str, str | bytes], number: int = 0, **more: str) -> Package:
        """Stored and kept, not submitted."""
        upload = self.storage.receive(iter([zipped(files)]), 1 << 30)
        self.storage.keep(upload.name)
        return replace(record(number, upload=upload.name, **more), sha256=upload.sha256, size=upload.size)

    def submitted(self, code: str) -> Package:
        package = self.package(model(code), abs(hash(code)) % 1000)
        self.engine.submit(package)
        return package

    def outcome(self, package: Package) -> Outcome:
        """Of its build, submitted now."""
        self.engine.submit(package)
        outcome = self.engine.wait(package, _SOON)
        assert outcome, f"the build did not end: {self.log(package)}"
        return outcome

    def log(self, package: Package) -> str:
        return self.engine.log(package, 0).decode()


@contextmanager
def cloud_world(
    bucket: str, storage_url: str, changed: Callable[[Build, bool], None] = lambda build, last: None
) -> Iterator[CloudWorld]:
    """Skips the test where something is missing; fails it there in CI, which must have it all."""
    need_builders()
    with CloudBuild(storage_url, changed) as standin:
        yield CloudWorld(settings_for(bucket, standin.url), CloudStorage(Objects(bucket)), standin)


def need_builders() -> None:
    need_docker()
    if not shutil.which("gcloud"):
        missing("the Google Cloud CLI is not installed")
    try:
        urlopen(f"http://{REGISTRY}/v2/").close()
    except OSError:
        missing(f"no registry answers on {REGISTRY}")
    made = subprocess.run([_BASE_IMAGE], capture_output=True, text=True)
    if made.returncode:
        missing(f"the base image could not be made: {made.stderr}")
