"""buildspecs/push_examples.sh, as a CI runs it, against a real server."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.cli.between import Between
from tests.local.conftest import ROOT, Start
from tests.packages import FAILING, model

_SCRIPT = ROOT / "buildspecs" / "push_examples.sh"


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A repository with the script, and two examples of one file each."""
    folder = tmp_path / "checkout"
    (folder / "buildspecs").mkdir(parents=True)
    shutil.copy(_SCRIPT, folder / "buildspecs")
    for name in ("first", "second"):
        _write(folder, name, model(salt=name))
    _git(folder, "init", "--quiet")
    _commit(folder)
    return folder


def _write(folder: Path, name: str, files: dict[str, str | bytes]) -> None:
    (folder / "examples" / name).mkdir(parents=True)
    for path, content in files.items():
        (folder / "examples" / name / path).write_text(str(content))


def _git(folder: Path, *words: str) -> str:
    author = ["-c", "user.name=tests", "-c", "user.email=tests@localhost"]
    return subprocess.run(
        ["git", *author, *words], cwd=folder, check=True, capture_output=True, text=True
    ).stdout.strip()


def _commit(folder: Path) -> None:
    _git(folder, "add", ".")
    _git(folder, "commit", "--quiet", "--message", "examples")


def _push(checkout: Path, address: str, *, script: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sh", "-c", script or f"sh buildspecs/push_examples.sh {address}"],
        cwd=checkout,
        env={**os.environ, "PAUSE": "0.2", **environment},
        capture_output=True,
        text=True,
    )


def _table(pushed: subprocess.CompletedProcess[str]) -> dict[str, tuple[str, str]]:
    """Example to ID and status."""
    head, *rows = [line.split() for line in pushed.stdout.splitlines()]
    assert head == ["EXAMPLE", "ID", "STATUS", "IMAGES"]
    return {row[0]: (row[1], row[2]) for row in rows}


def test_examples_are_sent_once_and_have_the_ids_of_git(checkout: Path, start: Start) -> None:
    server = start("--engine", "process")
    ids = {name: _git(checkout, "rev-parse", f"HEAD:examples/{name}") for name in ("first", "second")}
    pushed = _push(checkout, server.address)
    assert pushed.returncode == 0, pushed.stderr
    assert _table(pushed) == {name: (id_, "ready") for name, id_ in ids.items()}
    assert {package["ID"] for package in server.get("/v1/packages/").json()} == set(ids.values())
    with Between.opened(server.address) as way:
        again = _push(checkout, way.address)
        assert way.requests == [f"GET /v1/packages/{id_}" for id_ in ids.values()]
    assert again.returncode == 0
    assert _table(again) == {name: (id_, "known") for name, id_ in ids.items()}
    images = [line.split()[3] for line in again.stdout.splitlines()[1:]]
    assert images == [server.get(f"/v1/packages/{id_}").json()["Artifacts"][0]["URI"] for id_ in ids.values()]


def test_both_pipelines_run_the_script_so(checkout: Path, start: Start) -> None:
    """The commands of the two files, each as its CI runs it, with what it is given."""
    server = start("--engine", "process")
    (workflow,) = yaml.safe_load((ROOT / ".github/workflows/examples.yml").read_text())["jobs"].values()
    (step,) = [step for step in workflow["steps"] if "run" in step]
    assert set(step["env"]) == {"URL", "TOKEN"}
    pushed = _push(checkout, "", script=step["run"], URL=server.address, TOKEN="")
    assert {status for _, status in _table(pushed).values()} == {"ready"}
    (step,) = yaml.safe_load((ROOT / "buildspecs/examples.yaml").read_text())["steps"]
    gcloud = checkout / "gcloud"
    gcloud.write_text("#!/bin/sh\necho a-token\n")
    gcloud.chmod(0o755)
    path = f"{checkout}:{os.environ['PATH']}"
    again = _push(checkout, "", script=step["script"], URL=server.address, GET_URL="", PATH=path)
    assert {status for _, status in _table(again).values()} == {"known"}, again.stderr


def test_a_large_example_goes_through_a_session(checkout: Path, start: Start) -> None:
    server = start("--engine", "process", TOKEN="s3cret-s3cret-s3cret", MAX_DIRECT="10")
    with Between.opened(server.address) as way:
        pushed = _push(checkout, way.address, DIRECT="100", TOKEN="s3cret-s3cret-s3cret")
        assert pushed.returncode == 0, pushed.stderr
        assert len([request for request in way.requests if request.startswith("PUT /v1/packages/uploads/")]) == 2
    assert {status for _, status in _table(pushed).values()} == {"ready"}


def test_an_example_that_fails_fails_the_run_and_says_why(checkout: Path, start: Start) -> None:
    _write(checkout, "third", model(FAILING))
    _commit(checkout)
    pushed = _push(checkout, start("--engine", "process").address)
    assert pushed.returncode == 1
    assert {name: status for name, (_, status) in _table(pushed).items()} == {
        "first": "ready",
        "second": "ready",
        "third": "failed",
    }
    assert "out of cheese" in pushed.stderr


def test_a_server_with_a_token_is_given_it(checkout: Path, start: Start) -> None:
    server = start("--engine", "process", TOKEN="s3cret-s3cret-s3cret")
    assert _push(checkout, server.address).returncode == 1
    pushed = _push(checkout, server.address, TOKEN="s3cret-s3cret-s3cret")
    assert pushed.returncode == 0, pushed.stderr
    assert "s3cret" not in pushed.stdout + pushed.stderr


def test_without_an_address_it_says_how_it_is_called(checkout: Path) -> None:
    called = subprocess.run(["sh", "buildspecs/push_examples.sh"], cwd=checkout, capture_output=True, text=True)
    assert called.returncode != 0
    assert "usage" in called.stderr
