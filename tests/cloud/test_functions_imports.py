"""What a function has imported when it has answered: the SDKs that it used, and no other."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from benchmarks.imports import FUNCTIONS
from tests.cloud.functions import MAIN
from tests.packages import model, zipped

_ID = "0" * 40
_MODEL = zipped(model())
_ASK = """
import json, sys
from functions_framework import create_app
target, source, method, path = sys.argv[1:]
body = sys.stdin.buffer.read()
kind = "application/zip" if body[:2] == b"PK" else "application/json"
headers = {"Content-Type": kind, "ce-id": "1", "ce-source": "s", "ce-type": "t", "ce-specversion": "1.0"}
client = create_app(target=target, source=source).test_client()
answer = client.open(path, method=method, data=body or None, headers=headers if body else {})
print(json.dumps([answer.status_code, list(sys.modules)]))
"""
_ROOT = ("modelserver.app", "modelserver.gcp.ports")  # what main.py imports, whichever function it is asked for
_SDKS = {
    "storage": "google.cloud.storage",
    "firestore": "google.cloud.firestore",
    "build": "google.cloud.devtools",
    "run": "google.cloud.run_v2",
    "pubsub": "google.cloud.pubsub",
    "docker": "docker",
    "yaml": "yaml",
}


def _asked(target: str, method: str, path: str, project: str, bucket: str, body: bytes = b"") -> tuple[int, set[str]]:
    """The status of the answer in a new process, and all the modules that it has imported."""
    settings = {
        "PROJECT": project,
        "DATABASE": "packages",
        "BUCKET": bucket,
        "LOGS_BUCKET": bucket,
        "LOCATION": "us-central1",
        "REGISTRY": "localhost:5001/models",
        "BUILD_SERVICE_ACCOUNT": "builder@tests.iam.gserviceaccount.com",
        "BUILD_ENDPOINT": "http://127.0.0.1:9",
    }
    environment = os.environ | {f"MODELSERVER_{name}": value for name, value in settings.items()}
    command = [sys.executable, "-W", "ignore", "-c", _ASK, target, str(MAIN), method, path]
    done = subprocess.run(command, input=body, env=environment, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
    status, modules = json.loads(done.stdout.splitlines()[-1])
    return status, set(modules)


def _sdks(modules: set[str]) -> set[str]:
    return {name for name, module in _SDKS.items() if module in modules}


def _measured(target: str) -> set[str]:
    """What the benchmark of import times imports for this function."""
    code = "import sys, functions_framework; [__import__(module) for module in sys.argv[1:]]; print(*sys.modules)"
    command = [sys.executable, "-W", "ignore", "-c", code, *FUNCTIONS[target].modules, *_ROOT]
    environment = {"PYTHONPATH": str(MAIN.parent)}
    return set(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout.split())


@pytest.mark.parametrize(
    ("target", "method", "path", "body", "status", "used"),
    [
        ("get", "GET", f"/{_ID}", b"", 404, {"firestore"}),
        ("list_packages", "GET", "/", b"", 200, {"firestore"}),
        ("download", "GET", f"/{_ID}.zip", b"", 404, {"firestore"}),
        ("infer", "POST", f"/{_ID}/infer", b"{}", 404, {"firestore"}),
        ("delete_package", "DELETE", f"/{_ID}", b"", 404, {"firestore"}),
        ("upload", "POST", "/uploads", b'{"Size": 10}', 201, {"storage", "yaml"}),
        ("upload", "POST", "/", _MODEL, 503, {"storage", "firestore", "build", "yaml"}),  # no Cloud Build here
        ("check", "POST", "/", _MODEL, 200, {"storage", "yaml"}),
        ("on_build", "POST", "/", b"{}", 200, {"storage", "build"}),
        ("sweep", "POST", "/", b"{}", 200, {"firestore", "storage"}),
        ("api", "GET", "/v1/packages/", b"", 200, {"firestore"}),
    ],
)
def test_a_function_imports_what_it_uses(
    firestore_project: str, bucket: str, target: str, method: str, path: str, body: bytes, status: int, used: set[str]
) -> None:
    answered, modules = _asked(target, method, path, firestore_project, bucket, body)
    assert (answered, _sdks(modules)) == (status, used)
    needed = {name for name in modules if name.startswith(("modelserver", "google.cloud"))}
    assert needed - _measured(target) == set()


def test_starting_a_function_imports_none_of_google(firestore_project: str, bucket: str) -> None:
    status, modules = _asked("get", "GET", "/nowhere/at/all", firestore_project, bucket)
    assert (status, _sdks(modules)) == (404, set())
