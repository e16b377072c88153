"""A short working day whose server is killed with -9 (trust/day has the long ones), and that a bad day is seen."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.servers import serving
from trust.day.content import Content
from trust.day.day import Day, Setting
from trust.day.inspection import Inspection
from trust.day.ledger import GONE, THERE, Account
from trust.row import Missing

_SLOW = Setting("slow fsync", slow=20_000, contents=3)
_FULL = Setting("full disk", small_disk=True, contents=2)


@pytest.mark.parametrize(("setting", "kills"), [(_SLOW, 3), (_FULL, 1)], ids=["slow fsync", "full disk"])
def test_nothing_is_lost_and_nothing_stays(tmp_path: Path, setting: Setting, kills: int) -> None:
    try:
        report = Day(tmp_path, "test", setting).run(kills)
    except Missing as missing:
        if os.environ.get("CI") == "true":
            pytest.fail(str(missing))
        pytest.skip(str(missing))
    assert report.faults == []
    assert report.kills.total() == kills
    assert report.done["upload"] > 0


def test_what_was_acknowledged_and_is_gone_is_a_fault() -> None:
    account = Account(Content.made(1, "test", "ann"))
    account.sent()
    account.uploaded(202, "", {GONE})
    account.seen(True, "")
    assert (account.faults, account.may_be) == ([], {THERE})
    account.seen(False, "")
    assert "was answered 2xx, and is gone" in account.faults[0]


def test_what_was_deleted_and_is_there_is_a_fault() -> None:
    account = Account(Content.made(1, "test", "ann"), may_be={THERE})
    account.deleting()
    account.seen(True, "")
    assert account.faults == []
    account.deleted(204, "", {THERE})
    account.seen(True, "")
    assert "was deleted with 204, and is there" in account.faults[0]


def test_an_inspection_sees_what_was_done_behind_the_servers_back(tmp_path: Path) -> None:
    contents = [Content.made(number, "test", "ann") for number in range(3)]
    accounts = {content.id: Account(content) for content in contents}
    inspection = Inspection(tmp_path, accounts)
    with serving(tmp_path, "--engine", "process") as server:
        for content in contents:
            accounts[content.id].sent()
            server.upload(content.zips[0])
        assert list(inspection.at_rest(server)) == []
        for path in (tmp_path / "data" / "packages").iterdir():
            path.write_bytes(path.read_bytes()[:-1] + b"x")
        (tmp_path / "data" / "staging" / "half.zip").touch()
        (tmp_path / "data" / "processes" / ("0" * 40)).mkdir()
        faults = "\n".join(inspection.at_rest(server))
    for content in contents:
        assert f"the zip of {content.id} has SHA-256" in faults
        assert f"verify: {content.id}: its zip" in faults
    assert "staging/half.zip is left" in faults
    assert f"processes/{'0' * 40} is left" in faults
