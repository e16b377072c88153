"""Models that start processes: nothing that those hold keeps a report or an answer waiting."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.runtime.guest import MAIN, Guest, gone

Make = Callable[..., Guest]
NOBODY = 65534
SYSTEM_PYTHON = shutil.which("python3", path="/usr/local/bin:/usr/bin")

HOLDER = """
    import os, time
    class Model:
        def run(self, where: str, end: str = ""):
            child = os.fork()
            if child == 0:
                os.setsid()
                time.sleep(1000)
            with open(where, "w") as file:
                file.write(str(child))
            if end == "exit":
                print("last words")
                os._exit(3)
            if end == "kill":
                os.kill(os.getpid(), 9)
            return "done"
"""

FORKS = """
    import os, time
    class Model:
        def run(self):
            while True:
                if os.fork() == 0:
                    time.sleep(1000)
"""

POOR = """
import os, resource, sys
os.setgid({nobody})
os.setuid({nobody})
resource.setrlimit(resource.RLIMIT_NPROC, (30, 30))
os.execv({python!r}, [{python!r}, "-I", "-S", {main!r}, "test"])
"""


@pytest.fixture
def holder(tmp_path: Path) -> Iterator[Path]:
    """Where the child, which holds what its parent had open in a session of its own, writes its number."""
    where = tmp_path / "holder"
    yield where
    os.kill(int(where.read_text()), signal.SIGKILL)


@pytest.mark.parametrize(("end", "says"), [("exit", "status 3"), ("kill", "SIGKILL")])
def test_a_death_is_reported_though_a_child_holds_the_pipes(guest: Make, holder: Path, end: str, says: str) -> None:
    tested = guest(HOLDER, examples=[{"Input": {"where": str(holder), "end": end}}]).test()
    assert tested.report["Error"]["Code"] == "MODEL_DIED"
    assert says in tested.report["Error"]["Detail"]
    if end == "exit":
        assert "last words" in tested.report["Error"]["Detail"]


def test_a_good_run_is_reported_though_a_child_holds_the_pipes(guest: Make, holder: Path) -> None:
    assert guest(HOLDER, examples=[{"Input": {"where": str(holder)}, "Output": "done"}]).test().status == 0


def test_a_served_death_is_answered_though_a_child_holds_the_pipes(guest: Make, holder: Path) -> None:
    with guest(HOLDER).serving() as server:
        died = server.infer(where=str(holder), end="exit")
        assert (died.status, died.json()["code"]) == (500, "MODEL_DIED")
        server.until("ready")


def test_a_model_that_forks_until_there_is_no_room_is_reported() -> None:
    """Once no process and no thread can be started, the report still must not wait for anything."""
    if os.geteuid() != 0 or SYSTEM_PYTHON is None:
        pytest.skip("needs root, to become a user with few processes, and a python3 that others may run")
    home = Path(tempfile.mkdtemp(prefix="jid-forks-"))
    try:
        package = Guest(home, SYSTEM_PYTHON, FORKS)
        shutil.copytree(MAIN.parent, home / "jid", ignore=shutil.ignore_patterns("__pycache__"))
        subprocess.run(["chmod", "-R", "a+rwX", str(home)], check=True)
        script = POOR.format(nobody=NOBODY, python=SYSTEM_PYTHON, main=str(home / "jid" / "__main__.py"))
        environment = {**package.environ(), "JID_TIMEOUT": "600"}
        done = subprocess.run(
            [SYSTEM_PYTHON, "-c", script], env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        assert json.loads(done.stdout)["Error"]["Code"] == "RUN_FAILED"
        assert "BlockingIOError" in done.stdout
    finally:
        shutil.rmtree(home)


def test_children_of_a_killed_server_go_with_it(guest: Make) -> None:
    infer = """
        import os, subprocess
        class Model:
            def run(self): return [os.getpid(), subprocess.Popen(["sleep", "1000"]).pid]
    """
    with guest(infer).serving() as server:
        worker, child = server.infer().json()
        server.stop(signal.SIGKILL)
        assert gone(worker)
        assert gone(child)
