"""Every example, built by both engines through the real server, and asked as its README shows."""

from __future__ import annotations

import io
import json
import subprocess
import time
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.engines import need_docker
from tests.local.conftest import ROOT, Server, Start, free_port
from tests.parts import Part, met
from tests.transcript import check

EXAMPLES = sorted(path.parent.name for path in (ROOT / "examples").glob("*/jid.yaml"))
REGISTRY = "localhost:5001"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Where the lines of a README can be typed, and may write."""
    made = tmp_path / "typed"
    made.mkdir()
    (made / "examples").symlink_to(ROOT / "examples")
    return made


def _zipped(name: str) -> bytes:
    target = io.BytesIO()
    folder = ROOT / "examples" / name
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in _files(folder):
            archive.write(path, path.relative_to(folder))
    return target.getvalue()


def _files(folder: Path) -> list[Path]:
    """Those that git knows or would add: no caches."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z", "."]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return [folder / name for name in done.stdout.split("\0") if name and (folder / name).exists()]


def test_the_examples_are_the_five_that_the_readme_speaks_of() -> None:
    assert EXAMPLES == ["hello", "iris", "magika", "thumbnail", "tokens"]


def test_every_example_in_an_environment(start: Start, folder: Path) -> None:
    server = start("--engine", "process")
    for name in EXAMPLES:
        package = _published(server, name)
        assert [artifact["Target"] for artifact in package["Artifacts"]] == ["process-cpu"]
        script = package["Artifacts"][0]["URI"].removeprefix("file://") + "/jid"
        port = free_port()
        with _serving([script, "serve", "--host", "127.0.0.1", "--port", str(port)], port):
            check(ROOT / "examples" / name / "README.md", folder, port)


@pytest.mark.docker
def test_every_example_in_an_image(start: Start, folder: Path) -> None:
    need_docker()
    met(Part.REGISTRY)
    server = start("--engine", "docker", "--docker-registry", f"{REGISTRY}/models", BASE_IMAGE_PREFIX="localhost/")
    for name in EXAMPLES:
        package = _published(server, name)
        (artifact,) = package["Artifacts"]
        assert artifact["Target"] == "docker-cpu"
        assert artifact["URI"] == f"{REGISTRY}/models/examples/{name}:{package['ID'][:12]}"
        pinned = f"{artifact['URI'].rpartition(':')[0]}@{artifact['Digest']}"
        done = subprocess.run(["docker", "run", "--rm", pinned, "test"], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["Passed"] is True
        port = free_port()
        command = ["docker", "run", "--rm", "--init", "--label", "modelserver.test=examples"]
        with _serving([*command, "--publish", f"127.0.0.1:{port}:5000", pinned], port):
            check(ROOT / "examples" / name / "README.md", folder, port)
        assert server.delete(f"/v1/packages/{package['ID']}").status_code == 204


def _published(server: Server, name: str) -> Any:
    answer = server.upload(_zipped(name))
    assert answer.status_code == 201, answer.text
    examples = answer.json()["Test"]["Examples"]
    assert examples
    assert all(example["Passed"] for example in examples)
    return answer.json()


@contextmanager
def _serving(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _await(f"http://127.0.0.1:{port}/ping", process)
        yield
    finally:
        process.terminate()
        process.wait(30)


def _await(address: str, process: subprocess.Popen[bytes]) -> None:
    until = time.monotonic() + 60
    while time.monotonic() < until and process.poll() is None:
        try:
            if requests.get(address, timeout=5).text.strip() == "PONG":
                return
        except requests.ConnectionError:
            time.sleep(0.05)
    pytest.fail(f"no answer from {address}")
