"""A server that is killed loses nothing and finishes what it began."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.engines import need_docker
from tests.local.conftest import Start
from tests.packages import model, zipped
from tests.processes import running

SLOW = """
import time
class Model:
    def setup(self):
        time.sleep(2)
    def run(self, text: str = "world") -> str:
        return "hello " + text
"""
_ENGINES = [
    pytest.param("process", "test process-cpu", id="process"),
    pytest.param("docker", "test docker-cpu", id="docker", marks=pytest.mark.docker),
]


@pytest.mark.parametrize(("engine", "stage"), _ENGINES)
def test_a_build_that_kill_9_interrupts_is_finished_after_the_next_start(
    start: Start, tmp_path: Path, engine: str, stage: str
) -> None:
    if engine == "docker":
        need_docker()
    options = {"BASE_IMAGE_PREFIX": "localhost/"}
    data = zipped(model(SLOW, name="tests/killed", salt=engine))
    first = start("--engine", engine, **options)
    package = first.upload(data, "respond-async").json()
    first.await_log(package["ID"], f"==> {stage}\n")
    first.kill()

    second = start("--engine", engine, **options)
    ready = second.await_status(package["ID"], "ready")
    assert ready["Created"] == package["Created"]
    assert [artifact["Target"] for artifact in ready["Artifacts"]] == [f"{engine}-cpu"]
    assert second.get(f"/v1/packages/{package['ID']}.zip").content == data
    assert running(str(tmp_path)) - {second.process.pid} <= _family(second.process.pid)
    assert len(second.get("/v1/packages/?status=any").json()) == 1
    assert second.delete(f"/v1/packages/{package['ID']}").status_code == 204


def test_what_was_ready_is_there_after_kill_9(start: Start) -> None:
    data = zipped(model())
    first = start("--engine", "process")
    ready = first.upload(data).json()
    first.kill()
    second = start("--engine", "process")
    assert second.get(f"/v1/packages/{ready['ID']}").json() == ready
    assert second.get(f"/v1/packages/{ready['ID']}.zip").content == data
    assert second.upload(data).status_code == 200


def test_a_killed_server_leaves_no_process_of_a_model(start: Start, tmp_path: Path) -> None:
    server = start("--engine", "process")
    package = server.upload(zipped(model(SLOW)), "respond-async").json()
    server.await_log(package["ID"], "==> test process-cpu\n")
    server.kill()
    assert running(str(tmp_path), patience=10) == set()


def test_two_servers_do_not_share_a_folder(start: Start) -> None:
    start("--engine", "process")
    with pytest.raises(AssertionError, match="Another server uses"):
        start("--engine", "process")


def test_an_asked_end_is_a_clean_end(start: Start, tmp_path: Path) -> None:
    server = start("--engine", "process")
    package = server.upload(zipped(model(SLOW)), "respond-async").json()
    server.await_log(package["ID"], "==> test process-cpu\n")
    os.kill(server.process.pid, signal.SIGTERM)
    assert server.process.wait(30) == 0
    assert running(str(tmp_path), patience=10) == set()
    again = start("--engine", "process")
    again.await_status(package["ID"], "ready")


def _family(pid: int) -> set[int]:
    family = {pid}
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            family |= _family(int(child))
    return family


def test_what_an_end_without_warning_left_is_gone_after_the_next_start(start: Start, tmp_path: Path) -> None:
    first = start("--engine", "process")
    first.kill()
    data = tmp_path / "data"
    for name in ("staging/half.zip", "builds/lost/log.txt", "processes/lost/jid"):
        (data / name).parent.mkdir(parents=True, exist_ok=True)
        (data / name).write_text("half of it")
    start("--engine", "process")
    left = [path.name for path in data.rglob("*") if path.is_file() and "sqlite" not in path.name]
    assert left == ["lock"]
