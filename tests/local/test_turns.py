"""One client's uploads do not keep another one waiting, and a restart changes nothing in that."""

from __future__ import annotations

from pathlib import Path

from tests.local.conftest import Server, Start
from tests.packages import HELLO, model, zipped

_MANY = 12


def _until(path: Path) -> str:
    """A model that is tested when this file is there: the process engine hides no files."""
    waiting = f"import os, time\nwhile not os.path.exists({str(path)!r}):\n    time.sleep(0.05)\n"
    return waiting + HELLO


def _send(server: Server, name: str, salt: int = 0, code: str = HELLO) -> str:
    answer = server.upload(zipped(model(code, name=name, salt=str(salt))), "respond-async")
    assert answer.status_code == 202, answer.text
    package_id: str = answer.json()["ID"]
    return package_id


def test_another_owner_is_served_before_the_rest_of_many_uploads(start: Start, tmp_path: Path) -> None:
    gate = tmp_path / "gate"
    server = start("--engine", "process", BUILDS="1")
    first = _send(server, "ann/first", code=_until(gate))
    server.await_log(first, "==> test process-cpu\n")
    for number in range(_MANY):
        _send(server, "ann/many", number)
    other = _send(server, "bob/one")
    server.kill()

    server = start("--engine", "process", BUILDS="1")
    gate.touch()
    server.await_status(other, "ready")
    left = [package["Name"] for package in server.get("/v1/packages/?status=building").json()]
    assert left.count("ann/many") >= _MANY - 3
    assert "ann/first" not in left
