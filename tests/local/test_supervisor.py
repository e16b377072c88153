"""The supervisor as a program: what it lets pass, what it ends, and that nobody is left."""

from __future__ import annotations

import json
import subprocess
import sys
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from local import supervisor
from tests.processes import running

# They end by themselves after a while: if the supervisor does not catch them, nobody else would.
_FORKS = """
import os, sys, time
until = time.time() + 30
for _ in range(int(sys.argv[2])):
    if os.fork() == 0:
        os.setsid()
        while time.time() < until:
            if os.fork():
                os._exit(0)
            time.sleep(0.001)
        os._exit(0)
print('here', flush=True)
time.sleep(60)
"""


@pytest.fixture
def mark() -> Iterator[str]:
    """A word for the command line of what a test starts; nobody has it in the end."""
    word = uuid.uuid4().hex
    yield word
    assert running(word, patience=10) == set()


def _supervised(folder: Path, code: str, *words: str, **limits: float) -> subprocess.Popen[bytes]:
    whole = {
        "seconds": 60,
        "memory": 1 << 40,
        "processes": 1000,
        "disk": 1 << 40,
        "folder": str(folder),
        "nice": 0,
    } | limits
    command = [sys.executable, "-I", supervisor.__file__, json.dumps(whole), sys.executable, "-c", code, *words]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def test_the_commands_own_status_is_passed_on(tmp_path: Path) -> None:
    with _supervised(tmp_path, "import sys; sys.exit(7)") as process:
        assert process.wait(30) == 7


def test_who_keeps_forking_away_is_caught(tmp_path: Path, mark: str) -> None:
    """Each process forks and ends, again and again, in sessions of its own: there is always one more."""
    with _supervised(tmp_path, _FORKS, mark, "20") as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        process.stdin.close()
        assert process.wait(60) in (supervisor.STOPPED, supervisor.TOO_MANY_PROCESSES)


def test_orphans_count_as_the_commands_own(tmp_path: Path, mark: str) -> None:
    code = "import os, time\nfor _ in range(30):\n    if os.fork() == 0:\n        os.setsid(); time.sleep(3600)\n"
    with _supervised(tmp_path, code + "time.sleep(3600)", mark, processes=20) as process:
        assert process.wait(30) == supervisor.TOO_MANY_PROCESSES


def test_memory_of_grandchildren_counts(tmp_path: Path, mark: str) -> None:
    code = "import os, time\nos.fork() or os.fork() or [b'x' * 300_000_000, time.sleep(3600)]\nos.wait()"
    with _supervised(tmp_path, code, mark, memory=200_000_000) as process:
        assert process.wait(30) == supervisor.TOO_MUCH_MEMORY


def test_the_end_of_the_input_is_the_end_of_all(tmp_path: Path, mark: str) -> None:
    code = "import os, time\nos.fork()\nprint('here', flush=True)\ntime.sleep(3600)"
    with _supervised(tmp_path, code, mark) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdout.readline()
        process.stdin.close()
        assert process.wait(30) == supervisor.STOPPED


def test_a_look_reads_what_is_its_own_alone(tmp_path: Path) -> None:
    """Not every process of the machine, and not five times more often than is of use."""
    trace = tmp_path / "trace"
    hook = (
        "import sys, runpy\n"
        f"seen = open({str(trace)!r}, 'a')\n"
        "def hook(what, args):\n"
        "    if what == 'open' and '/proc/' in str(args[0]): print(args[0], file=seen)\n"
        "sys.addaudithook(hook)\n"
        "sys.argv = sys.argv[1:]\n"
        "runpy.run_path(sys.argv[0], run_name='__main__')\n"
    )
    whole = {"seconds": 2, "memory": 1 << 40, "processes": 99, "disk": 1 << 40, "folder": str(tmp_path), "nice": 0}
    command = [sys.executable, "-c", hook, supervisor.__file__, json.dumps(whole), "sleep", "3600"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as process:
        assert process.wait(30) == supervisor.TOO_LONG
    reads = trace.read_text().splitlines()
    assert 0 < len(reads) < 100
    assert len({read.split("/")[2] for read in reads}) == 2, "the supervisor and the command"
