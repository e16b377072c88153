"""The examples that need nothing installed, by the runtime alone; the engines' tests build and ask all of them."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.runtime.guest import Guest

EXAMPLES = Path(__file__).parents[2] / "examples"


def package(name: str, home: Path) -> Guest:
    folder = EXAMPLES / name
    config = yaml.safe_load((folder / "jid.yaml").read_text())
    shapes = [{key.title(): value for key, value in example.items()} for example in config["examples"]]
    files: dict[str, str | bytes] = {
        str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*.py") if path.is_file()
    }
    return Guest(home, sys.executable, "", files=files, examples=shapes, model=config["model"])


@pytest.mark.parametrize("name", ["hello", "tokens"])
def test_its_own_examples_pass(name: str, tmp_path: Path) -> None:
    tested = package(name, tmp_path).test()
    assert tested.report["Error"] is None
    assert len(tested.report["Examples"]) == 2


def test_hello_answers_what_its_readme_says(tmp_path: Path) -> None:
    with package("hello", tmp_path).serving() as server:
        assert server.infer(text="you", times=3).text == "hello you you you"
        assert server.multipart(("text", "you"), ("times", "3")).text == "hello you you you"
        told: Any = server.post("/infer-ai-platform", {"instances": [{"text": "you"}, {}]}).json()
        assert told == {"predictions": ["hello you", "hello world"]}


def test_tokens_answers_what_its_readme_says(tmp_path: Path) -> None:
    with package("tokens", tmp_path).serving() as server:
        assert server.multipart(("prompt", "one two three")).text == "three\ntwo\none\n"
        told: Any = server.post("/predictions", {"input": {"prompt": "one two three"}}).json()
        assert told["output"] == ["three", "two", "one"]
