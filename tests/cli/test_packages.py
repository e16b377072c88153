"""Looking at packages, fetching them, removing them."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cli.between import Between
from tests.cli.conftest import Command
from tests.cli.folders import committed, hello, written
from tests.cli.strangers import answering
from tests.local.conftest import Server
from tests.packages import model, zipped


@pytest.fixture
def pushed(cli: Command, tmp_path: Path) -> Any:
    """A package of this test's own name."""
    name = tmp_path.name.replace("_", "-").lower()
    return cli("push", hello(tmp_path / "model", name=f"tests/{name}"), "--json").json


def test_a_name_means_its_newest_package(cli: Command, pushed: Any, tmp_path: Path) -> None:
    newer = cli("push", hello(tmp_path / "newer", name=pushed["Name"]), "--json").json
    assert cli("show", pushed["Name"], "--json").json == newer
    assert cli("show", pushed["ID"], "--json").json == pushed
    assert cli("show", f"swh:1:dir:{pushed['ID']}", "--json").json == pushed
    assert [each["ID"] for each in cli("ls", "--name", pushed["Name"], "--json").json] == [newer["ID"], pushed["ID"]]
    assert len(cli("ls", "--limit", "1", "--json").json) == 1


def test_what_is_known_of_a_package_is_shown(cli: Command, pushed: Any) -> None:
    shown = cli("show", pushed["ID"]).out
    for part in (pushed["Name"], pushed["ID"], pushed["SHA256"], "process-cpu", "input text: string", "1 of 1 example"):
        assert part in shown
    listed = cli("ls", "--name", pushed["Name"]).out.splitlines()
    assert listed[0].split() == ["NAME", "ID", "STATUS", "FOR", "SIZE", "CREATED"]
    assert listed[1].split()[:4] == [pushed["Name"], pushed["ID"], "ready", "cpu"]


def test_the_log_is_text(cli: Command, pushed: Any) -> None:
    assert "==> test process-cpu" in cli("log", pushed["ID"]).out
    assert "==> test process-cpu" in cli("log", "-f", pushed["Name"]).out


@pytest.mark.parametrize(
    "words", [["show"], ["log"], ["pull"], ["rm", "--yes"], ["infer"], ["open"]], ids=lambda w: w[0]
)
@pytest.mark.parametrize("package", ["0" * 40, "tests/nobody"])
def test_what_is_not_there_is_not_found(cli: Command, words: list[str], package: str) -> None:
    ended = cli(*words, package, status=3)
    assert f"no {'' if len(package) == 40 or words == ['log'] else 'ready '}package called {package}" in ended.err


def test_a_package_comes_back_as_it_was_pushed(cli: Command, tmp_path: Path) -> None:
    folder = written(hello(tmp_path / "model", name="tests/comes-back"), {"a/b/größe.bin": os.urandom(200_000)})
    written(folder, {"run.sh": "#!/bin/sh\n"})
    (folder / "run.sh").chmod(0o755)
    package = cli("push", folder, "--json").json
    assert cli("pull", package["ID"]).out == "comes-back\n"
    assert committed(tmp_path / "comes-back") == package["ID"]
    assert "is there already" in cli("pull", package["ID"], status=2).err
    cli("pull", package["ID"], tmp_path / "elsewhere")
    assert (tmp_path / "elsewhere" / "a" / "b" / "größe.bin").read_bytes() == (folder / "a/b/größe.bin").read_bytes()
    assert cli("pull", package["ID"], "--zip", "it.zip", "--json").json == package
    assert (tmp_path / "it.zip").stat().st_size == package["Size"]


def test_a_cut_download_goes_on(cli: Command, between: Between, tmp_path: Path) -> None:
    folder = written(hello(tmp_path / "model", name="tests/cut"), {"noise": os.urandom(3_000_000)})
    package = cli("push", folder, "--json").json
    between.cut_down = [1_000_000, 1_000_000]
    cli.at(between.address)("pull", package["ID"], "--zip", "it.zip")
    assert (tmp_path / "it.zip").stat().st_size == package["Size"]
    assert len(between.headers("range")) == 2


def test_files_other_than_the_id_names_are_not_kept(alone: Command, tmp_path: Path) -> None:
    """A server that lies: the zip has its SHA-256, but leads out of the folder, or is another package's."""
    for data, said in (
        (zipped({"jid.yaml": "x", "../escaped": "x"}), "leads out of the package"),
        (zipped({"jid.yaml": "x"}), f"not {'1' * 40}"),
        (b"no zip", "is broken"),
    ):
        with answering(200, _lie(data), Content_Type="application/json") as address:
            assert said in alone.at(address)("pull", "1" * 40, "here", status=5).err
    with answering(200, _lie(b"one", b"two"), Content_Type="application/json") as address:
        assert "SHA-256 differs" in alone.at(address)("pull", "1" * 40, "here", status=5).err
    assert list(tmp_path.rglob("*")) == []


def test_a_folder_around_the_package_is_not_part_of_it(cli: Command, shared: Server, tmp_path: Path) -> None:
    files = {str(name): str(text) for name, text in model(name="tests/wrapped").items()}
    package = shared.upload(zipped({f"around/{name}": text for name, text in files.items()})).json()
    cli("pull", package["ID"], "here")
    assert {path.name: path.read_text() for path in (tmp_path / "here").iterdir()} == files


def test_a_package_is_removed_when_it_was_said_so(cli: Command, pushed: Any) -> None:
    assert "say --yes" in cli("rm", pushed["ID"], status=2).err
    assert cli("show", pushed["ID"], "--json").json == pushed
    assert cli("rm", "--yes", pushed["Name"]).out == f"removed: {pushed['Name']} {pushed['ID']}\n"
    cli("show", pushed["ID"], status=3)


def test_a_new_package_runs_as_it_is(cli: Command, tmp_path: Path) -> None:
    assert cli("init", "Fresh Start").out == "written: Fresh Start/jid.yaml\nwritten: Fresh Start/infer.py\n"
    package = cli("push", "Fresh Start", "--json").json
    assert (package["Name"], package["Status"]) == ("fresh-start", "ready")
    assert package["Test"]["Examples"][0]["Output"] == "hello you you"
    assert "is there already" in cli("init", "Fresh Start", status=2).err
    assert "cannot be a model's name" in cli("init", "other", "--name", "No Name", status=2).err
    assert not (tmp_path / "other").exists()


def test_a_check_stores_nothing(cli: Command, tmp_path: Path) -> None:
    folder = hello(tmp_path / "model")
    inspection = cli("check", folder, "--json").json
    assert set(inspection) == {"ID", "Config", "Completion", "Dockerfiles"}
    cli("show", inspection["ID"], status=3)
    assert f"tests/hello {inspection['ID']} is valid" in cli("check", folder).out


def test_a_large_directory_is_checked_by_its_config(cli: Command, between: Between, tmp_path: Path) -> None:
    folder = written(hello(tmp_path / "model"), {"weights.bin": os.urandom(17 * 1024**2)})
    ended = cli.at(between.address)("check", folder, "--json")
    assert len(ended.json["ID"]) == 40
    assert "jid.yaml alone" in ended.err
    assert between.carried < 10_000


def _lie(data: bytes, sent: bytes = b"") -> Callable[[str], bytes]:
    """A package with this zip. sent: what comes instead of it."""
    package = {"ID": "1" * 40, "Name": "a/b", "Size": len(data), "SHA256": hashlib.sha256(data).hexdigest()}
    return lambda path: (sent or data) if path.endswith(".zip") else json.dumps(package).encode()
