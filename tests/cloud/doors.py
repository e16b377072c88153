"""Fixtures: the functions under functions-framework's own test client, over the emulators."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from functions_framework import create_app
from werkzeug.test import Client, TestResponse

from modelserver.gcp.firestore import FirestoreDatabase
from modelserver.gcp.objects import Objects
from modelserver.gcp.storage import CloudStorage
from tests.cloud.engines import settings_for
from tests.cloud.functions import MAIN
from tests.cloud.identity import service_account_file, throwaway_key
from tests.http.conftest import Curl
from tests.parts import Part, met

Open = Callable[..., Client]
_NOWHERE = "http://127.0.0.1:9"


@pytest.fixture
def restored() -> Iterator[None]:
    """create_app changes the environment and logging; both are as before when the test has ended."""
    environment, handlers = dict(os.environ), logging.root.handlers[:]
    yield
    os.environ.clear()
    os.environ.update(environment)
    logging.root.handlers[:] = handlers


@pytest.fixture
def bare(restored: None) -> Open:
    """bare("get"): a function whose settings are all missing."""
    return lambda target: Curl(_app(target))


@pytest.fixture
def function(
    restored: None, bucket: str, firestore_project: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Open:
    """function("get", TOKEN="..."): a function over an empty project. Nothing is built: Cloud Build is out of reach."""
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(service_account_file(tmp_path, throwaway_key())))

    def start(target: str, **settings: str) -> Client:
        for name, value in {**_settings(bucket, firestore_project), **settings}.items():
            monkeypatch.setenv(f"MODELSERVER_{name}", value)
        return Curl(_app(target))

    return start


@pytest.fixture
def database(firestore_project: str) -> FirestoreDatabase:
    """What the functions record in."""
    return FirestoreDatabase(firestore_project, "packages")


@pytest.fixture
def storage(bucket: str) -> CloudStorage:
    """Where the functions keep zips."""
    return CloudStorage(Objects(bucket))


class Doors:
    """A WSGI application: every function behind one address, each asked for its own operation."""

    def __init__(self, application: Callable[[str], Any]) -> None:
        self._application = application
        self._opened: dict[str, Any] = {}

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        target = _target(environ["REQUEST_METHOD"], environ["PATH_INFO"])
        if target not in self._opened:
            self._opened[target] = self._application(target)
        answer: Iterable[bytes] = self._opened[target](environ, start)
        return answer


@pytest.fixture
def serve(function: Open) -> Callable[..., Client]:
    """serve(MAX_DIRECT="1000"): all functions, for tests that know one server."""
    return lambda **settings: Curl(Doors(lambda target: function(target, **settings).application))


def tell(on_build: Client, data: object) -> TestResponse:
    """Posts a CloudEvent with this data, as Eventarc posts what the topic cloud-builds says."""
    headers = {
        "ce-id": "1",
        "ce-source": "//pubsub.googleapis.com/projects/p/topics/cloud-builds",
        "ce-specversion": "1.0",
        "ce-type": "google.cloud.pubsub.topic.v1.messagePublished",
    }
    return on_build.post("/", data=json.dumps(data), headers={"Content-Type": "application/json", **headers})


def _target(method: str, path: str) -> str:
    rest = path.removeprefix("/v1/packages/")
    if method == "POST":
        return "check" if rest == "check" else "upload"
    if method == "DELETE":
        return "delete_package"
    return "list_packages" if rest == "" else "download" if rest.endswith((".zip", "/log")) else "get"


def _app(target: str) -> Any:
    met(Part.FRAMEWORK)
    os.environ.pop("FUNCTION_SIGNATURE_TYPE", None)  # create_app leaves it there for the next one
    return create_app(target=target, source=str(MAIN))  # type: ignore[no-untyped-call]


def _settings(bucket: str, project: str) -> dict[str, str]:
    known = settings_for(bucket, _NOWHERE)
    return {
        "PROJECT": project,
        "DATABASE": "packages",
        "LOCATION": known.location,
        "BUCKET": bucket,
        "LOGS_BUCKET": bucket,
        "REGISTRY": known.registry,
        "BUILD_SERVICE_ACCOUNT": known.build_service_account,
        "BUILD_ENDPOINT": _NOWHERE,
    }
