"""`python -m local` as people start it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.local.conftest import ROOT, Server, Start, free_port
from tests.packages import model, zipped


def _curl(*words: str) -> str:
    done = subprocess.run(["curl", "--silent", "--show-error", *words], capture_output=True, text=True, check=True)
    return done.stdout


def test_the_four_commands_of_the_readme(start: Start, tmp_path: Path) -> None:
    server = start("--engine", "process")
    zip_path = tmp_path / "model-directory.zip"
    zip_path.write_bytes(zipped(model()))
    at = f"{server.address}/v1/packages"
    package = _json(_curl("-X", "POST", f"{at}/upload", "-F", f"file=@{zip_path}"))
    assert package["Status"] == "ready"
    assert _json(_curl(f"{at}/{package['ID']}")) == package
    _curl(f"{at}/{package['ID']}.zip", "--output", str(tmp_path / "my-package.zip"))
    assert (tmp_path / "my-package.zip").read_bytes() == zip_path.read_bytes()
    assert _json(_curl(f"{at}/")) == [package]


def test_an_empty_file_from_curl(start: Start, tmp_path: Path) -> None:
    server = start("--engine", "process")
    (tmp_path / "empty.zip").touch()
    answer = _curl("-X", "POST", f"{server.address}/v1/packages/upload", "-F", f"file=@{tmp_path / 'empty.zip'}")
    assert _json(answer)["code"] == "NO_FILE"
    assert _json(_curl(f"{server.address}/v1/packages/?status=any")) == []


def test_a_log_is_followed_while_it_is_written(start: Start) -> None:
    slow = "import time\nclass Model:\n    def setup(self):\n        time.sleep(2)\n    def run(self): return 'ok'\n"
    server = start("--engine", "process")
    package = server.upload(zipped(model(slow)), "respond-async").json()
    process = subprocess.Popen(
        ["curl", "--silent", "--no-buffer", f"{server.address}/v1/packages/{package['ID']}/log?follow=1"],
        stdout=subprocess.PIPE,
        text=True,
    )
    with process:
        assert process.stdout is not None
        for line in process.stdout:
            if line == "==> test process-cpu\n":
                assert server.get(f"/v1/packages/{package['ID']}").json()["Status"] == "building"
            last = line
    assert last.startswith("==> test process-cpu: done in ")


def test_the_start_says_what_to_try(start: Start, tmp_path: Path) -> None:
    server = start("--engine", "process")
    said = (tmp_path / "server.log").read_text()
    assert f"curl -X POST {server.address}/v1/packages/upload -F" in said
    assert "isolates nothing" in said


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_a_public_host_without_a_token_is_refused(tmp_path: Path, host: str) -> None:
    command = [sys.executable, "-m", "local", "--host", host, "--port", str(free_port()), "--data", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 2
    assert "MODELSERVER_TOKEN" in done.stderr


def test_functions_framework_serves_the_same(tmp_path: Path) -> None:
    port = free_port()
    framework = str(Path(sys.executable).with_name("functions-framework"))
    process = subprocess.Popen(
        [framework, "--source", "local/main.py", "--target", "api", "--host", "127.0.0.1", "--port", str(port)],
        cwd=ROOT,
        env={"MODELSERVER_DATA": str(tmp_path / "data"), "MODELSERVER_ENGINE": "process", **os.environ},
    )
    try:
        server = Server(process, f"http://127.0.0.1:{port}")
        _curl("--retry", "100", "--retry-delay", "0", "--retry-connrefused", f"{server.address}/v1/health")
        assert server.upload(zipped(model())).status_code == 201
    finally:
        process.terminate()
        process.wait()


def _json(text: str) -> Any:
    return json.loads(text)
