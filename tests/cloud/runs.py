"""The runner of Google Cloud on this machine: Cloud Run's stand-in, Docker, a registry."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

from modelserver.gcp.cloudrun import CloudRun as Api
from modelserver.gcp.idtokens import IDTokens
from modelserver.gcp.runner import CloudRunRunner
from modelserver.settings import Settings
from tests.cloud.cloudrun_standin.server import CloudRun
from tests.cloud.engines import REGISTRY, need_builders
from tests.cloud.identity import service_account_file, throwaway_key
from tests.runners import RunnerWorld, built


@contextmanager
def cloudrun_world(folder: Path, run: float = 60.0) -> Iterator[tuple[RunnerWorld, CloudRun]]:
    """Images are built by the local engine, and are in the registry, where Cloud Run finds them by digest."""
    need_builders()
    with built("docker", folder, f"{REGISTRY}/{uuid.uuid4().hex}") as ready, CloudRun() as standin:
        key_file = service_account_file(folder, throwaway_key(), standin.token_url)
        settings = Settings(
            project="tests",
            location="us-central1",
            run_service_account="run@tests.iam.gserviceaccount.com",
            run_subnetwork="projects/tests/regions/us-central1/subnetworks/runs",
            test_memory=512 * 1024**2,
            run_timeout=run,
        )
        runner = CloudRunRunner(Api("tests", "us-central1", standin.url), settings, IDTokens())
        with patch.dict(os.environ, {"GOOGLE_APPLICATION_CREDENTIALS": str(key_file)}):
            yield RunnerWorld(runner, ready), standin
