"""Errors as a compiler shows them: each with its file, its line and what to do."""

from __future__ import annotations

from pathlib import Path

from modelserver_cli.exits import Exit
from modelserver_cli.failure import Failure
from modelserver_cli.report import report
from tests.cli.conftest import Command
from tests.cli.folders import hello, written

_WRONG = """\
name: tests/wrong
model: inferr.py:Model
enviroment: {}
environment:
  python_version: 2.7   # old
  python_packages:
    - torch
  architectures: [cpu, tpu]
"""


def test_every_fault_of_a_config_is_shown_with_its_line(cli: Command, tmp_path: Path) -> None:
    folder = written(tmp_path / "model", {"jid.yaml": _WRONG, "infer.py": "x = 1\n"})
    said = cli("check", folder, status=1).err
    assert said[said.index("error[MODEL") :] == (
        f"""\
error[MODEL_FILE_MISSING]: the package has no file 'inferr.py'
  --> {folder}/jid.yaml:2
  |
2 | model: inferr.py:Model
  |        ^^^^^^^^^^^^^^^
   = hint: did you mean infer.py?

error[UNKNOWN_KEY]: 'enviroment' is not known here
  --> {folder}/jid.yaml:3
  |
3 | enviroment: {{}}
  | ^^^^^^^^^^
   = hint: did you mean environment?

error[INVALID_PYTHON_VERSION]: '2.7' is none of 3.6, 3.7, 3.8, 3.9, 3.10, 3.11, 3.12, 3.13, 3.14
  --> {folder}/jid.yaml:5
  |
5 |   python_version: 2.7   # old
  |                   ^^^
   = hint: for example "3.12"

error[UNPINNED_PACKAGE]: 'torch' does not name one version
  --> {folder}/jid.yaml:7
  |
7 |     - torch
  |       ^^^^^
   = hint: pin it: torch==<version>

error[INVALID_ARCHITECTURE]: 'tpu' is neither cpu nor gpu
  --> {folder}/jid.yaml:8
  |
8 |   architectures: [cpu, tpu]
  |                  ^^^^^^^^^^
   = hint: write cpu, gpu or both

error: 5 faults; nothing was built
"""
    )


def test_a_fault_of_another_file_is_shown_in_that_file(cli: Command, tmp_path: Path) -> None:
    folder = hello(tmp_path / "model", more="environment:\n  python_requirements: needs.txt\n")
    written(folder, {"needs.txt": "numpy==2.2.6\n-r other.txt\n"})
    said = cli("push", folder, status=1).err
    assert f"  --> {folder}/needs.txt:2\n  |\n2 | -r other.txt\n  | ^^^^^^^^^^^^\n" in said


def test_what_a_server_says_cannot_steer_the_terminal() -> None:
    fault = {"pointer": "/a\x1b[2J", "line": 1, "code": "B\x07", "detail": "\x1b]0;title\x07", "hint": "\x9b1m\u202e"}
    failure = Failure(Exit.REFUSED, "\x1b[31m", document={"code": "X\x1b", "errors": [fault, "nonsense", {}]})
    shown = "\n".join(line.plain for line in report(failure))
    assert not set("\x1b\x07\x9b\u202e") & set(shown)
    assert "title" in shown


def test_lines_that_are_no_longer_there_are_left_out(tmp_path: Path) -> None:
    written(tmp_path, {"jid.yaml": "name: a\n"})
    faults = [{"pointer": "/name", "line": 99, "code": "A", "detail": "b"}, {"pointer": "x/y.py", "code": "C"}]
    document = {"code": "INVALID_PACKAGE", "errors": faults}
    failure = Failure(Exit.REFUSED, "", document=document).about(tmp_path)
    assert [line.plain for line in report(failure)] == [
        "error[A]: b",
        f"  --> {tmp_path}/jid.yaml:99",
        "",
        "error[C]: ",
        f"  --> {tmp_path}/x/y.py",
        "",
        "error: 2 faults; nothing was built",
    ]
