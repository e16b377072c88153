"""A build watched as it goes."""

from __future__ import annotations

import json
import random
import threading
from typing import Any

from werkzeug.test import Client, TestResponse

from tests.http.conftest import Serve
from tests.http.packages import UPLOAD, problem, upload, upload_raw
from tests.packages import FAILING, model, zipped

_HALVES = """
import os, time
class Model:
    def setup(self):
        for half in (b"caf\\xc3", b"\\xa9\\n"):
            os.write(2, half)
            time.sleep(1)
    def run(self): return "ok"
"""


def _watched(server: Client, code: str) -> list[tuple[str, Any]]:
    return _lines(upload(server, zipped(model(code)), Accept="application/x-ndjson"))


def _lines(answer: TestResponse) -> list[tuple[str, Any]]:
    lines = [json.loads(line) for line in answer.get_data(as_text=True).splitlines() if line.strip()]
    return [(line["Event"], line["Data"]) for line in lines]


def test_each_kind_of_event_has_one_meaning(server: Client) -> None:
    seen = _watched(server, "class Model:\n    def run(self): return 'ok'\n")
    names = [name for name, _ in seen]
    begun = names.index("accepted")
    assert set(names[:begun]) == {"stage"}
    assert set(names[begun + 1 : -1]) == {"stage", "log"}
    assert (seen[begun][1]["Status"], names[-1], seen[-1][1]["Status"]) == ("building", "package", "ready")
    assert _watched(server, FAILING)[-1][0] == "problem"


def test_each_stage_is_told_as_it_begins_and_as_it_ends(server: Client) -> None:
    seen = _watched(server, "class Model:\n    def run(self): return 'once'\n")
    stages = [data for name, data in seen if name == "stage"]
    names = ["receive", "check", "store", "queue", "unpack", "environment process-cpu", "test process-cpu"]
    assert [stage["Name"] for stage in stages if stage["Seconds"] is None] == names
    ended = [stage for stage in stages if stage["Seconds"] is not None]
    assert [stage["Name"] for stage in ended] == names
    assert all(stage["Seconds"] >= 0 for stage in ended)
    kept = {stage["Name"]: stage["Seconds"] for stage in seen[-1][1]["Stages"]}
    told = {stage["Name"]: stage["Seconds"] for stage in ended if stage["Name"] != "store"}
    assert kept == told, "the package keeps what was told"


def test_what_is_wrong_with_a_package_is_the_last_event(server: Client) -> None:
    answer = upload(server, zipped({"jid.yaml": "name: BAD\n"}), Accept="application/x-ndjson")
    assert answer.status_code == 200
    *stages, last = _lines(answer)
    assert [data["Name"] for name, data in stages if data["Seconds"] is not None] == ["receive", "check"]
    assert (last[0], last[1]["code"]) == ("problem", "INVALID_PACKAGE")
    assert len(last[1]["errors"]) == 2
    assert server.get("/v1/packages/?status=any").get_json() == []


def test_what_the_head_alone_tells_is_refused_with_a_status_of_its_own(serve: Serve) -> None:
    server = serve(MAX_DIRECT="1000")
    large = {"Content-Type": "application/zip", "Accept": "text/event-stream"}
    problem(server.post(UPLOAD, data=b"x" * 100_000, headers=large), 413, "TOO_LARGE")
    problem(server.post(UPLOAD, data=b"{}", headers=large | {"Content-Type": "application/json"}), 400, "BAD_REQUEST")


def test_how_far_a_large_upload_has_come_is_told(server: Client) -> None:
    large = zipped({**model(salt="large"), "weights": random.Random(0).randbytes(5 * 1024**2)})
    seen = _lines(upload_raw(server, large, Accept="application/x-ndjson"))
    counts = [data["Bytes"] for name, data in seen if name == "progress"]
    assert counts == sorted(counts)
    assert 3 <= len(counts) <= 6
    assert len(large) - 2 * 1024**2 <= counts[-1] <= len(large)


def test_known_content_is_accepted_and_there_at_once(server: Client) -> None:
    code = "class Model:\n    def run(self): return 'twice'\n"
    first, again = _watched(server, code), _watched(server, code)
    names = [name for name, data in again if name != "stage" and name != "log"]
    assert names == ["accepted", "package"]
    assert again[-1] == first[-1]


def test_whoever_comes_later_sees_the_build_from_its_beginning(server: Client) -> None:
    package = _watched(server, "class Model:\n    def run(self): return 'later'\n")[-1][1]
    address = f"/v1/packages/{package['ID']}/log?follow=1"
    seen = _lines(server.get(address, headers={"Accept": "application/x-ndjson"}))
    names = [data["Name"] for name, data in seen if name == "stage" and data["Seconds"] is None]
    assert names == ["queue", "unpack", "environment process-cpu", "test process-cpu"]
    assert seen[-1] == ("package", package)
    assert "".join(data for name, data in seen if name == "log") == server.get(address).get_data(as_text=True)


def test_ten_followers_of_one_build_all_see_all_of_it(server: Client) -> None:
    """They come while it is under way, and see it end."""
    sent = upload(server, zipped(model(_HALVES, salt="ten")), Prefer="respond-async").get_json()
    address = f"/v1/packages/{sent['ID']}/log?follow=1"
    seen: list[list[tuple[str, Any]]] = []

    def follow() -> None:
        seen.append(_lines(server.get(address, headers={"Accept": "application/x-ndjson"})))

    threads = [threading.Thread(target=follow) for _ in range(10)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    logs = ["".join(data for name, data in each if name == "log") for each in seen]
    assert len(seen) == 10
    assert {each[-1][0] for each in seen} == {"package"}
    assert set(logs) == {server.get(address).get_data(as_text=True)}


def test_a_character_that_comes_in_two_halves_is_one(server: Client) -> None:
    log = "".join(data for name, data in _watched(server, _HALVES) if name == "log")
    assert "caf\u00e9" in log
    assert "\ufffd" not in log
