"""`modelserver infer` against models that a real server runs."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.cli.conftest import Command
from tests.cli.folders import written
from tests.local.conftest import Server
from tests.packages import zipped

_NAME = "tests/asked"
_MODEL = """
import os, tempfile
import jid

class Model(jid.Model):
    def run(self, kind: str = "text", times: int = jid.Input(1, le=10), file: jid.Path = None):
        if kind == "json":
            return {"größe": [times]}
        if kind == "size":
            return os.stat(str(file)).st_size
        if kind == "raise":
            raise ValueError("out of cheese")
        if kind == "die":
            os._exit(3)
        if kind == "file":
            path = jid.Path(tempfile.mkdtemp()) / "bytes.bin"
            path.write_bytes(bytes(range(256)))
            return path
        return " ".join(["hello"] * times) + chr(27) + "[31m"
"""


@pytest.fixture(scope="module")
def asked(shared: Server) -> Any:
    """The package, ready."""
    config = f"name: {_NAME}\nmodel: infer.py:Model\n"
    answer = shared.upload(zipped({"jid.yaml": config, "infer.py": _MODEL}))
    assert answer.status_code == 201, answer.text
    return answer.json()


def test_words_become_inputs_of_the_models_types(cli: Command, asked: Any) -> None:
    assert cli("infer", asked["ID"], "kind=text", "times=2").out.startswith("hello hello")
    assert cli("infer", _NAME).out.startswith("hello")


def test_json_stays_json(cli: Command, asked: Any, tmp_path: Path) -> None:
    assert cli("infer", _NAME, "--input", "-", stdin='{"kind": "json", "times": 3}').json == {"größe": [3]}
    written(tmp_path, {"in.json": json.dumps({"kind": "json"})})
    assert cli("infer", _NAME, "-i", "in.json").json == {"größe": [1]}


def test_a_file_goes_in_and_a_file_comes_out(cli: Command, asked: Any, tmp_path: Path) -> None:
    written(tmp_path, {"in.bin": b"x" * 1234})
    assert cli("infer", _NAME, "kind=size", "file=@in.bin").json == 1234
    assert cli("infer", _NAME, "kind=file", "--output", "out.bin").out == ""
    assert (tmp_path / "out.bin").read_bytes() == bytes(range(256))


@pytest.mark.parametrize(
    ("words", "status", "said"),
    [
        (["times=11", "other=1"], 1, "--> input times"),
        (["times=11", "other=1"], 1, "error[INPUT_INVALID]: The input does not fit the model: 2 faults"),
        (["kind=raise"], 1, "ValueError: out of cheese"),
        (["kind=die"], 1, "error[MODEL_DIED]"),
        (["nonsense"], 2, "write name=value"),
        (["file=@nowhere"], 2, "nowhere cannot be read"),
        (["-i", "nowhere"], 2, "nowhere cannot be read"),
        (["-i", "infer.txt"], 2, "infer.txt is not JSON"),
        (["kind=json", "-o", "no/such/folder"], 2, "cannot be written"),
    ],
)
def test_what_the_model_or_the_command_refuses(
    cli: Command, asked: Any, tmp_path: Path, words: list[str], status: int, said: str
) -> None:
    written(tmp_path, {"infer.txt": "{"})
    ended = cli("infer", _NAME, *words, status=status)
    assert said in ended.err
    assert ended.out == ""


def test_bytes_go_to_a_pipe_as_they_are(cli: Command, asked: Any, tmp_path: Path) -> None:
    done = subprocess.run(
        cli.line("infer", _NAME, "kind=file"), cwd=tmp_path, env=cli.environment, capture_output=True, check=True
    )
    assert done.stdout == bytes(range(256))
