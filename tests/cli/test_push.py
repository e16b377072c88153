"""`modelserver push` against a real server."""

from __future__ import annotations

import os
import re
from pathlib import Path

from tests.cli.between import Between
from tests.cli.conftest import Command
from tests.cli.folders import committed, hello
from tests.local.conftest import Server, Start
from tests.packages import FAILING

_WORDS = 60
_TALKING = f"""
import sys, time
class Model:
    def setup(self):
        for number in range({_WORDS}):
            print("word", number, file=sys.stderr, flush=True)
            time.sleep(0.05)
    def run(self) -> str: return "ok"
"""


def test_a_pushed_directory_has_the_id_that_git_gives_it(cli: Command, tmp_path: Path) -> None:
    folder = hello(tmp_path / "model")
    (folder / "data").mkdir()
    (folder / "data" / "größe.txt").write_text("1\n")
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    expected = committed(folder)
    package = cli("push", folder, "--json").json
    assert (package["ID"], package["Status"]) == (expected, "ready")


def test_what_the_server_has_costs_one_get(cli: Command, between: Between, tmp_path: Path) -> None:
    folder = hello(tmp_path / "model")
    first = cli("push", folder, "--json").json
    again = cli.at(between.address)("push", folder, "--json")
    assert again.json == first
    assert between.requests == [f"GET /v1/packages/{first['ID']}"]
    assert "nothing is sent" in again.err


def test_the_package_alone_is_on_standard_output(cli: Command, tmp_path: Path) -> None:
    ended = cli("push", hello(tmp_path / "model"))
    lines = ended.out.splitlines()
    assert lines[0].startswith("tests/hello ")
    assert lines[0].endswith(" ready")
    assert "process-cpu  file://" in lines[1]
    assert "ID " in ended.err
    assert "\x1b" not in ended.out + ended.err


def test_a_model_that_fails_its_test_is_refused_with_the_reason(cli: Command, tmp_path: Path) -> None:
    folder = hello(tmp_path / "model", code=FAILING)
    for _ in range(2):
        ended = cli("push", folder, "--json", status=1)
        assert ended.out == ""
        assert "error[TEST_FAILED]" in ended.err
        assert "out of cheese" in ended.err


def test_a_large_package_goes_through_a_session(cli: Command, between: Between, tmp_path: Path) -> None:
    folder = _large(tmp_path)
    package = cli.at(between.address)("push", folder, "--json").json
    assert package["Status"] == "ready"
    asked = [request.rpartition("/")[0] + "/…" if "uploads/" in request else request for request in between.requests]
    assert asked == [
        f"GET /v1/packages/{package['ID']}",
        "POST /v1/packages/check",
        "POST /v1/packages/uploads",
        "PUT /v1/packages/uploads/…",
        "POST /v1/packages/upload",
    ]


def test_a_server_that_takes_less_in_a_request_gets_a_session(alone: Command, start: Start, tmp_path: Path) -> None:
    server = start("--engine", "process", MAX_DIRECT="2000")
    folder = hello(tmp_path / "model")
    (folder / "noise").write_bytes(os.urandom(100_000))
    assert alone.at(server.address)("push", folder, "--json").json["Status"] == "ready"


def test_a_cut_upload_goes_on_where_it_was_cut(cli: Command, between: Between, tmp_path: Path) -> None:
    folder = _large(tmp_path)
    between.cut_up = [5_000_000, 6_000_000]
    ended = cli.at(between.address)("push", folder, "--json")
    assert ended.json["Status"] == "ready"
    assert "Trying again" in ended.err
    assert between.cut_up == []
    assert between.carried < 21_000_000


def test_a_push_that_was_ended_goes_on_with_the_next(cli: Command, between: Between, tmp_path: Path) -> None:
    folder = _large(tmp_path)
    between.cut_up = [5_000_000]
    way = cli.at(between.address)
    first = way.begin("push", folder)
    assert first.stderr
    for line in first.stderr:
        if "Trying again" in line:
            break
    first.kill()
    first.communicate()
    ended = way("push", folder, "--json")
    assert ended.json["Status"] == "ready"
    assert between.requests.count("POST /v1/packages/uploads") == 1
    assert between.carried < 21_000_000
    assert not list((tmp_path / "home").rglob("uploads/*.json"))


def test_a_build_that_can_no_longer_be_watched_is_asked_for(cli: Command, between: Between, tmp_path: Path) -> None:
    """The connection breaks twice while the model talks; nothing is sent or shown a second time."""
    between.cut_down = [2_500, 2_500]
    ended = cli.at(between.address)("push", hello(tmp_path / "model", code=_TALKING), "--json")
    assert ended.json["Status"] == "ready"
    assert between.cut_down == []
    assert between.requests.count("POST /v1/packages/upload") == 1
    assert re.findall(r"^  word (\d+)$", ended.err, re.MULTILINE) == [str(number) for number in range(_WORDS)]
    assert ended.err.count("test process-cpu: ") == 1


def test_a_token_is_sent_to_the_server_that_wants_one(alone: Command, start: Start, tmp_path: Path) -> None:
    server = start("--engine", "process", TOKEN="s3cret-s3cret-s3cret")
    folder = hello(tmp_path / "model")
    refused = alone.at(server.address)("push", folder, status=4)
    assert "MODELSERVER_TOKEN" in refused.err
    pushed = alone.at(server.address, MODELSERVER_TOKEN="s3cret-s3cret-s3cret")("push", folder, "--json")
    assert pushed.json["Status"] == "ready"
    assert "s3cret" not in pushed.out + pushed.err


def test_a_build_under_way_is_joined(cli: Command, shared: Server, between: Between, tmp_path: Path) -> None:
    slow = "import time\nclass Model:\n    def run(self) -> str:\n        time.sleep(3)\n        return 'ok'\n"
    folder = hello(tmp_path / "model", code=slow)
    first = cli.begin("push", folder, "--json")
    identity = cli("check", folder, "--json").json["ID"]
    while shared.get(f"/v1/packages/{identity}").status_code == 404:
        assert first.poll() is None
    joined = cli.at(between.address)("push", folder, "--json")
    assert joined.json["Status"] == "ready"
    assert "nothing is sent" in joined.err
    assert not [request for request in between.requests if request.startswith("POST")]
    assert first.communicate()[0]


def _large(tmp_path: Path) -> Path:
    """Above what is sent in one request."""
    folder = hello(tmp_path / "model")
    (folder / "weights.bin").write_bytes(os.urandom(17 * 1024**2))
    return folder
