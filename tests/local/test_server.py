"""`python -m local` as people start it."""

from __future__ import annotations

import json
import os
import re
import socket
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


_HEAD = "POST /v1/packages/upload HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
_FORM = "Content-Type: multipart/form-data; boundary=b\r\n"


@pytest.mark.parametrize(
    "rest",
    [
        pytest.param("Content-Length: 1000\r\n\r\nPK", id="shorter than said"),
        pytest.param("Transfer-Encoding: chunked\r\n\r\n100\r\nPK", id="in a chunk"),
        pytest.param("Transfer-Encoding: chunked\r\n\r\nxyz\r\nPK\r\n", id="no chunk"),
        pytest.param(_FORM + "Transfer-Encoding: chunked\r\n\r\n100\r\n--b\r\n", id="in a form"),
    ],
)
def test_a_body_that_breaks_off_is_its_senders_fault(start: Start, tmp_path: Path, rest: str) -> None:
    server = start("--engine", "process")
    with socket.create_connection(("127.0.0.1", int(server.address.rpartition(":")[2])), 30) as connection:
        connection.sendall((_HEAD + rest).encode())
        connection.shutdown(socket.SHUT_WR)
        answer = b"".join(iter(lambda: connection.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.1 400 "), answer
    assert b'"BAD_REQUEST"' in answer
    assert "Traceback" not in (tmp_path / "server.log").read_text()


def test_a_client_that_sends_all_before_it_listens_hears_why_it_is_refused(start: Start) -> None:
    server = start("--engine", "process", MAX_DIRECT="100")
    for _ in range(5):
        with socket.create_connection(("127.0.0.1", int(server.address.rpartition(":")[2])), 30) as connection:
            connection.sendall((_HEAD + "Content-Length: 8000000\r\n\r\n").encode())
            connection.sendall(bytes(8_000_000))
            answer = b"".join(iter(lambda: connection.recv(65536), b""))
        assert answer.startswith(b"HTTP/1.1 413 "), answer


def test_the_other_door_opens_as_its_hint_says(start: Start, tmp_path: Path) -> None:
    """The three commands of the refusal, in a shell, with what stands in angle brackets filled in."""
    server = start("--engine", "process", MAX_DIRECT="100")
    (tmp_path / "model-directory.zip").write_bytes(zipped(model(salt=os.urandom(60_000).hex())))
    at = f"{server.address}/v1/packages"
    refused = _json(_curl(f"{at}/upload", "-F", f"file=@{tmp_path / 'model-directory.zip'}"))
    assert refused["code"] == "TOO_LARGE"
    begin, send, finish = re.findall(r"curl [^;]+(?= ;|$)", refused["detail"])
    size = (tmp_path / "model-directory.zip").stat().st_size
    begun = _shell(begin, tmp_path, server=server.address, bytes=str(size))
    _shell(send, tmp_path, Location=begun["Location"])
    package = _shell(finish, tmp_path, server=server.address, **{"Upload in the first answer": begun["Upload"]})
    assert package["Status"] == "ready"


def _shell(command: str, folder: Path, **values: str) -> Any:
    for name, value in values.items():
        command = command.replace(f"<{name}>", value)
    done = subprocess.run(["bash", "-c", command], cwd=folder, capture_output=True, text=True, check=True)
    return _json(done.stdout or "null")


def _json(text: str) -> Any:
    return json.loads(text)
