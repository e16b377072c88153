"""Every code block of the README and of docs/ does what it says.

What cannot be executed here is named in LISTED, with the reason, and is parsed at least.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
import yaml

from modelserver.inspection import Rules, inspect_config
from modelserver.settings import Settings
from tests.docs.blocks import KINDS, PAGES, ROOT, Block, blocks
from tests.docs.session import Session, is_like
from tests.local.conftest import Server, free_port, serving
from tests.packages import zipped

ALL = [block for page in PAGES for block in blocks(page)]
TUTORIAL = "docs/tutorial.md"
EXECUTED = sorted({block.page for block in ALL if block.kind == "run" and block.page != TUTORIAL})

# First line of a block, and why it is not executed.
LISTED = {
    "make demo ": "what the tests themselves are, and a server that goes on",
    "pip install . ": "tests/cli/test_command.py does it in an environment of its own; the tutorial does it too",
    "terraform -chdir=infra init": "it needs a project; tests/cloud/test_infra_terraform.py applies it to mocks",
    "curl -X POST $UPLOAD/v1/packages/uploads": "tests/cloud/test_end_to_end.py does it with the functions",
    "curl -i -X PUT": "it goes on from that; tests/contracts/test_sessions.py cuts and resumes",
    "$ gcloud builds submit": "what the real CLI printed in `make cloud-demo`, with a stand-in for Cloud Build",
    "docker run --rm --gpus all": "it needs a GPU; tests/local/test_examples.py runs images without one",
    "python3 -m pip download": "hundreds of MB",
    "python3 -m venv .venv": "it needs the wheels of the block before",
    "TOKEN=... buildspecs/push_examples.sh": "tests/local/test_push_examples.py does it",
    "python -m local verify ": "tests/local/test_verify.py does it",
    "cd functions && python -m modelserver.gcp.verify": "it needs a project; tests/cloud/test_verify.py does it here",
    "EXAMPLE ": "what that prints, with images of a project",
    "- id: google": "it needs GitHub, and Google's trust in it",
}


@pytest.mark.parametrize("block", ALL, ids=lambda block: block.place)
def test_every_block_says_what_it_is(block: Block) -> None:
    assert block.kind in KINDS or block.file, f"{block.place}: say `run`, `listed`, ... (tests/docs/blocks.py)"


def test_what_is_not_executed_is_named_with_its_reason() -> None:
    listed = [block for block in ALL if block.kind == "listed"]
    assert [block.place for block in listed if not any(block.text.startswith(begin) for begin in LISTED)] == []
    assert [begin for begin in LISTED if not any(block.text.startswith(begin) for block in listed)] == []


@pytest.mark.parametrize("block", [block for block in ALL if block.kind == "listed"], ids=lambda block: block.place)
def test_what_is_not_executed_can_be_read(block: Block) -> None:
    if block.language == "sh":
        subprocess.run(["bash", "-n", "-c", block.text], check=True)
    elif block.language == "yaml":
        assert yaml.safe_load(block.text)
    else:
        assert block.language == "text"


@pytest.mark.parametrize("block", [block for block in ALL if block.kind == "jid"], ids=lambda block: block.place)
def test_a_config_is_one_that_the_server_takes(block: Block) -> None:
    assert inspect_config(block.text.encode(), Rules.of(Settings())).config.name


@pytest.mark.parametrize("block", [block for block in ALL if block.kind == "model"], ids=lambda block: block.place)
def test_a_model_is_one_that_the_runtime_describes(block: Block, tmp_path: Path) -> None:
    (tmp_path / "infer.py").write_text(block.text)
    about = {"ID": "0" * 40, "Name": "docs/model", "Model": "infer.py:Model", "Examples": []}
    (tmp_path / "jid.json").write_text(json.dumps(about))
    environment = {**os.environ, "JID_CONFIG": str(tmp_path / "jid.json"), "JID_SOURCE": str(tmp_path)}
    command = [sys.executable, "-I", "-S", str(ROOT / "runtime" / "jid" / "__main__.py"), "schema"]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["Input"]["properties"]


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """For the pages that start no server of their own."""
    with serving(tmp_path_factory.mktemp("docs"), "--engine", "process") as server:
        yield server


@pytest.mark.parametrize("page", EXECUTED)
def test_a_page_does_what_it_says(page: str, shared: Server, tmp_path: Path) -> None:
    """In a copy of the checkout, with the command on PATH. `localhost:8080` is the server's address here."""
    here = [block for block in ALL if block.page == page]
    own = any(block.kind == "server" for block in here)
    port = str(free_port()) if own else shared.address.rpartition(":")[2]
    folder = _checkout(tmp_path)
    known = _hello(folder, shared)
    session = Session(
        folder,
        {
            **os.environ,
            "PATH": f"{_command(tmp_path)}:{os.environ['PATH']}",
            "MODELSERVER_URL": f"http://127.0.0.1:{port}",
            "PORT": port,
            "ENGINE": "process",
        },
        f"http://127.0.0.1:{port}",
        {"localhost:8080": f"127.0.0.1:{port}", "8081": str(free_port()), "<id>": known},
    )
    _compare(here, session.run(here), known)


def test_the_tutorial_from_an_empty_directory(tmp_path: Path) -> None:
    """The repository's address is this checkout's, committed or not; nothing else is prepared."""
    port = str(free_port())
    (tmp_path / "empty").mkdir()
    session = Session(
        tmp_path / "empty",
        {
            **{name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "VIRTUAL_ENV"))},
            "GIT_CONFIG_COUNT": "1",
            "GIT_CONFIG_KEY_0": f"url.{_repository(tmp_path)}.insteadOf",
            "GIT_CONFIG_VALUE_0": "https://git.example.com/modelserver.git",
            "XDG_CACHE_HOME": os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache"),
            "MODELSERVER_URL": f"http://127.0.0.1:{port}",
            "PORT": port,
            "ENGINE": "process",
        },
        f"http://127.0.0.1:{port}",
        {"localhost:8080": f"127.0.0.1:{port}"},
    )
    here = [block for block in ALL if block.page == TUTORIAL]
    _compare(here, session.run(here), "")


def _compare(here: list[Block], printed: dict[Block, str], known: str) -> None:
    """Each output on a page with what the block before it printed."""
    for before, block in pairwise(here):
        if block.kind == "output":
            expected = block.text.replace("<id>", known)
            assert is_like(printed[before], expected), f"{block.place}:\n{printed[before]}"


def _checkout(tmp_path: Path) -> Path:
    """A copy of what git would have, with the environment of the tests."""
    copy = tmp_path / "checkout"
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    for name in names:
        if name and (ROOT / name).is_file():
            (copy / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, copy / name)
    (copy / ".venv").symlink_to(ROOT / ".venv")
    return copy


def _repository(tmp_path: Path) -> Path:
    copy = _checkout(tmp_path)
    (copy / ".venv").unlink()
    author = ["-c", "user.name=tests", "-c", "user.email=tests@localhost"]
    for words in (["init", "--quiet"], ["add", "."], [*author, "commit", "--quiet", "--message", "all"]):
        subprocess.run(["git", *words], cwd=copy, check=True)
    return copy


def _command(tmp_path: Path) -> Path:
    """A folder with `modelserver` in it."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "modelserver"
    path = f"{ROOT / 'cli'}:{ROOT / 'functions'}"
    script.write_text(f'#!/bin/sh\nPYTHONPATH={path} exec {sys.executable} -m modelserver_cli "$@"\n')
    script.chmod(0o755)
    return folder


def _hello(folder: Path, server: Server) -> str:
    """The zip that pages speak of lies there, and the server has it; its ID."""
    files = {path.name: path.read_bytes() for path in (ROOT / "examples" / "hello").iterdir() if path.is_file()}
    (folder / "model-directory.zip").write_bytes(zipped(files))
    return str(server.upload(zipped(files)).json()["ID"])
