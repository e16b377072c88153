"""The examples that need nothing installed, by the runtime alone; the engines' tests build and ask all of them."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import yaml

from tests.runtime.guest import Guest
from tests.transcript import check

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


@pytest.mark.parametrize("name", ["hello", "tokens"])
def test_it_answers_as_its_readme_shows(name: str, tmp_path: Path) -> None:
    with package(name, tmp_path).serving() as server:
        check(EXAMPLES / name / "README.md", tmp_path, server.port)
