"""How `python -m local` begins and ends: calmly, whatever it is given."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tests.local.conftest import ROOT, Start, free_port
from tests.packages import model, zipped
from tests.processes import running

SLOW = """
import time
class Model:
    def setup(self):
        time.sleep(3)
    def run(self, text: str = "world") -> str:
        return "hello " + text
"""


def _refusal(*words: str, **settings: str) -> str:
    """What a server says that cannot start."""
    environment = os.environ | {f"MODELSERVER_{name}": value for name, value in settings.items()}
    done = subprocess.run(
        [sys.executable, "-m", "local", *words], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    return done.stderr


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        pytest.param({"BUILDS": "0"}, "MODELSERVER_BUILDS='0'", id="no builds"),
        pytest.param({"BUILDS": "-1"}, "MODELSERVER_BUILDS='-1'", id="fewer than no builds"),
        pytest.param({"BUILDS": "two"}, "MODELSERVER_BUILDS='two'", id="builds in words"),
        pytest.param({"BUILD_TIMEOUT": "nan"}, "MODELSERVER_BUILD_TIMEOUT='nan'", id="no number"),
        pytest.param({"TEST_TIMEOUT": "inf"}, "MODELSERVER_TEST_TIMEOUT='inf'", id="for ever"),
        pytest.param({"TEST_TIMEOUT": "0"}, "MODELSERVER_TEST_TIMEOUT='0'", id="no time"),
        pytest.param({"MAX_WAIT": "1e300"}, "MODELSERVER_MAX_WAIT='1e300'", id="longer than the universe"),
        pytest.param({"ENGINE": "steam"}, "auto, docker or process", id="engine"),
        pytest.param({"PYTHON": "banana"}, "MODELSERVER_PYTHON='banana'", id="python"),
        pytest.param({"FACTS": "/nowhere"}, "MODELSERVER_FACTS='/nowhere'", id="facts"),
        pytest.param({"DATA": "/dev/null/data"}, "/dev/null/data", id="data"),
    ],
)
def test_a_wrong_setting_is_one_line(tmp_path: Path, settings: dict[str, str], said: str) -> None:
    whole = {"DATA": str(tmp_path / "data"), "ENGINE": "process"} | settings
    refusal = _refusal("--port", str(free_port()), **whole)
    assert said in refusal
    assert len(refusal.splitlines()) == 1, refusal


def test_all_wrong_settings_are_named_at_once(tmp_path: Path) -> None:
    refusal = _refusal("--data", str(tmp_path), BUILDS="0", PYTHON="2.7", TEST_MEMORY="lots")
    assert all(f"MODELSERVER_{name}=" in refusal for name in ("BUILDS", "PYTHON", "TEST_MEMORY"))


@pytest.mark.parametrize("port", ["99999", "0", "-1", "http"])
def test_what_is_no_port(port: str) -> None:
    assert "1 to 65535" in _refusal(f"--port={port}")


def test_a_port_in_use(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refusal = _refusal("--port", str(port), "--data", str(tmp_path))
    assert f"Port {port}" in refusal
    assert "--port" in refusal


def test_a_host_that_is_not_here(tmp_path: Path) -> None:
    refusal = _refusal("--host", "192.0.2.1", "--port", str(free_port()), "--data", str(tmp_path), TOKEN="long")
    assert "--host 192.0.2.1" in refusal


def test_the_other_loopback_address(start: Start, tmp_path: Path) -> None:
    server = start("--engine", "process", "--host", "::1", host="[::1]")
    assert server.get("/v1/health").json()["Status"] == "ok"
    assert f"curl {server.address}/v1/packages/" in (tmp_path / "server.log").read_text()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_it_and_blames_nobody(start: Start, tmp_path: Path, number: signal.Signals) -> None:
    """Ctrl-C goes to the whole group; the build under way is taken up again."""
    server = start("--engine", "process")
    package = server.upload(zipped(model(SLOW)), "respond-async").json()
    server.await_log(package["ID"], "==> test process-cpu\n")
    os.killpg(server.process.pid, number)
    assert server.process.wait(30) == 0
    assert running(str(tmp_path), patience=10) == set()
    assert "Traceback" not in (tmp_path / "server.log").read_text()
    again = start("--engine", "process")
    again.await_status(package["ID"], "ready")


def test_the_token_is_not_to_be_read_by_other_processes(start: Start) -> None:
    """As a process of the same user sees it; root could, so root gives that right up first."""
    server = start("--engine", "process", TOKEN="a-long-secret")
    unprivileged = ["setpriv", "--bounding-set=-all"] if os.getuid() == 0 else []
    if unprivileged and not shutil.which("setpriv"):
        pytest.skip("root without setpriv sees all")
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    assert children
    for pid in (str(server.process.pid), *children):
        done = subprocess.run([*unprivileged, "cat", f"/proc/{pid}/environ"], capture_output=True, text=True)
        assert done.returncode != 0
        assert "a-long-secret" not in done.stdout
