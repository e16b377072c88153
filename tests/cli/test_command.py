"""The command as it is installed and called: alone in its environment, from a shell, in a terminal."""

from __future__ import annotations

import json
import os
import pty
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from modelserver_cli.exits import Exit
from tests.cli.conftest import Command
from tests.cli.folders import hello
from tests.local.conftest import ROOT
from tests.packages import FAILING


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The bin folder of an environment with nothing in it but what `pip install .` puts there."""
    folder = tmp_path_factory.mktemp("installed")
    for name in ("cli", "functions"):
        shutil.copytree(ROOT / name, folder / "source" / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", folder / "source")
    uv = [sys.executable, "-m", "uv"]
    subprocess.run([*uv, "venv", "--quiet", "--python", sys.executable, folder / "venv"], check=True)
    python = folder / "venv" / "bin" / "python"
    subprocess.run([*uv, "pip", "install", "--quiet", "--python", python, folder / "source"], check=True)
    return folder / "venv" / "bin"


def test_installed_alone_it_works(installed: Path, cli: Command, tmp_path: Path) -> None:
    environment = {**cli.environment, "PYTHONPATH": "", "PATH": f"{installed}:{os.environ['PATH']}"}
    script = "modelserver --version && modelserver init model && modelserver push model --json"
    done = subprocess.run(
        ["sh", "-ec", script], cwd=tmp_path, env=environment, capture_output=True, text=True, check=True
    )
    version, *_, package = done.stdout.split("\n", 3)
    assert version == "modelserver 0.1.0"
    assert json.loads(package)["Status"] == "ready"


def test_it_imports_nothing_of_the_servers(installed: Path) -> None:
    code = "import modelserver_cli.app, sys; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([installed / "python", "-c", code], capture_output=True, text=True, check=True)
    loaded = set(done.stdout.split())
    assert {"modelserver_cli", "modelserver", "typer", "rich", "httpx"} <= loaded
    assert not loaded & {"google", "flask", "werkzeug", "gunicorn", "yaml", "isal", "docker", "functions_framework"}


def test_the_shell_completes_its_commands(installed: Path) -> None:
    words = {"COMP_WORDS": "modelserver pu", "COMP_CWORD": "1", "_MODELSERVER_COMPLETE": "complete_bash"}
    done = subprocess.run([installed / "modelserver"], env=os.environ | words, capture_output=True, text=True)
    assert done.stdout.split() == ["push", "pull"]


@pytest.mark.parametrize("words", [[], ["--help"], ["push", "--help"], ["-h"]], ids=" ".join)
def test_help_is_at_hand(alone: Command, words: list[str]) -> None:
    ended = alone(*words, status=None)
    assert "Usage" in ended.out + ended.err


@pytest.mark.parametrize(
    "words",
    [
        ["nonsense"],
        ["push", "--nonsense"],
        ["ls", "--limit", "0"],
        ["ls", "--limit", "x"],
        ["show"],
        ["show", "NO NAME"],
    ],
    ids=" ".join,
)
def test_a_wrong_call_ends_with_2(cli: Command, words: list[str]) -> None:
    ended = cli(*words, status=Exit.USAGE)
    assert ended.out == ""
    assert "Traceback" not in ended.err


def test_a_reader_that_leaves_is_no_fault(cli: Command) -> None:
    line = " ".join(cli.line("ls", "--json"))
    done = subprocess.run(
        ["bash", "-c", f"{line} | true; exit ${{PIPESTATUS[0]}}"], env=cli.environment, capture_output=True, text=True
    )
    assert "Traceback" not in done.stderr


def test_in_a_terminal_what_moves_is_gone_at_the_end(cli: Command, tmp_path: Path) -> None:
    shown = _in_a_terminal(cli, "push", hello(tmp_path / "model"))
    assert "hashing" in shown
    assert "building" in shown
    assert "\x1b[?25h" in shown  # the cursor is back
    assert " ready\r\n" in shown


def test_in_a_terminal_a_failed_build_shows_the_end_of_its_log(cli: Command, tmp_path: Path) -> None:
    code = f"import sys\nprint('the last words', file=sys.stderr)\n{FAILING}"
    shown = _in_a_terminal(cli, "push", hello(tmp_path / "model", code=code), status=1)
    end = shown.rpartition("\x1b[?25h")[2]
    assert "the last words" in end
    assert "out of cheese" in end


def _in_a_terminal(command: Command, *words: str | Path, status: int = 0) -> str:
    """What a terminal is sent."""
    process, terminal = pty.fork()
    if process == 0:
        os.execve(sys.executable, command.line(*words), {**command.environment, "TERM": "xterm"})
    shown = bytearray()
    try:
        while data := os.read(terminal, 65536):
            shown += data
    except OSError:  # how a terminal ends
        pass
    os.close(terminal)
    assert os.waitstatus_to_exitcode(os.waitpid(process, 0)[1]) == status
    return shown.decode()
