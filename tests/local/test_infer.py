"""Models kept running by a real server: large answers, whoever leaves, a package deleted in the midst of a run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from tests.local.conftest import Server, Start
from tests.packages import model, zipped

_MIB = 1024**2
_SOON = 60.0

BUSY = """
import os, time
from typing import Iterator
class Model:
    def run(self, mebibytes: int = 0, for_ever: bool = False) -> Iterator[str]:
        yield str(os.getpid())
        for _ in range(mebibytes):
            yield "0123456789abcdef" * (1 << 16)
        while for_ever:
            time.sleep(0.05)
            yield "still here"
"""


def _published(server: Server, code: str) -> str:
    answer = server.upload(zipped(model(code)))
    assert answer.status_code == 201, answer.text
    package_id: str = answer.json()["ID"]
    return package_id


def _infer(server: Server, package_id: str, inputs: Any, stream: bool = False) -> requests.Response:
    address = f"{server.address}/v1/packages/{package_id}/infer"
    return requests.post(address, json=inputs, timeout=_SOON, stream=stream)


def _peak(server: Server) -> int:
    """The most memory that the server or its worker ever had, bytes; models are further down."""
    pid = server.process.pid
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return max(map(_high_water, [str(pid), *children]))


def _high_water(pid: str) -> int:
    lines = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return int(lines["VmHWM"].split()[0]) * 1024


def test_an_answer_of_100_megabytes_passes_and_is_never_held(start: Start) -> None:
    server = start("--engine", "process")
    package_id = _published(server, BUSY)
    assert _infer(server, package_id, {}).status_code == 200
    before, size = _peak(server), 0
    with _infer(server, package_id, {"mebibytes": 100}, stream=True) as answer:
        for chunk in answer.iter_content(_MIB):
            size += len(chunk)
    assert size >= 100 * _MIB
    assert _peak(server) - before < 32 * _MIB


def test_whoever_leaves_in_the_middle_leaves_the_model_free(start: Start) -> None:
    server = start("--engine", "process")
    package_id = _published(server, BUSY)
    for _ in range(3):
        with _infer(server, package_id, {"for_ever": True}, stream=True) as answer:
            next(answer.iter_content(1))
    assert _infer(server, package_id, {}).status_code == 200


def test_deleting_a_package_ends_its_run(start: Start) -> None:
    server = start("--engine", "process")
    package_id = _published(server, BUSY)
    with _infer(server, package_id, {"for_ever": True}, stream=True) as answer:
        chunks = answer.iter_content(1)
        next(chunks)
        assert server.delete(f"/v1/packages/{package_id}").status_code == 204
        with pytest.raises(requests.exceptions.ChunkedEncodingError):
            for _ in chunks:
                pass
    gone = _infer(server, package_id, {})
    assert (gone.status_code, gone.json()["code"]) == (404, "PACKAGE_NOT_FOUND")
