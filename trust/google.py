"""The program over Google's ports on their emulators; builds are accepted and never begin."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from unittest.mock import patch

import pytest

from modelserver.app import handle
from modelserver.gcp.objects import Objects
from modelserver.gcp.ports import GooglePorts
from modelserver.memory import MemoryEngine, MemoryRunner
from modelserver.ports import Database, Engine, Runner, Sessions, Storage
from modelserver.services import Services
from modelserver.settings import Settings
from tests.cloud.emulators import firestore_emulator, storage_binary
from tests.cloud.storage_standin import listening
from trust.row import Missing
from trust.site import PortsSite


@dataclass(frozen=True)
class Ports:
    """Google's, but for Cloud Build and Cloud Run."""

    storage: Storage
    sessions: Sessions
    database: Database
    engine: Engine
    runner: Runner
    plugged: dict[str, str]


@contextmanager
def google_site() -> Iterator[PortsSite]:
    """Raises Missing where an emulator is."""
    with ExitStack() as stack:
        try:
            shared = stack.enter_context(listening(storage_binary()))
            host = stack.enter_context(firestore_emulator())
        except (pytest.skip.Exception, pytest.fail.Exception) as lacking:
            raise Missing(str(lacking)) from None
        told = {
            "STORAGE_EMULATOR_HOST": shared.url,
            "FIRESTORE_EMULATOR_HOST": host,
            "DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA": "true",
        }
        bucket = f"trust-{uuid.uuid4().hex}"
        with patch.dict(os.environ, told):
            shared.service.create_bucket(bucket)
            yield site_of(bucket, f"trust-{uuid.uuid4().hex[:12]}")


def site_of(bucket: str, project: str) -> PortsSite:
    """Over an empty bucket and an empty project, whose emulators the environment names."""
    settings = Settings(project=project, bucket=bucket, logs_bucket=bucket, database="packages")
    google = GooglePorts(settings)
    ports = Ports(google.storage, google.sessions, google.database, MemoryEngine(), MemoryRunner(), google.plugged)
    services = Services(ports, settings)
    objects = Objects(bucket)
    return PortsSite(
        "Google",
        lambda request: handle(request, lambda: services),
        lambda: [key for key, _ in objects.listed("")],
    )
