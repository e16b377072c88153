"""A build watched as it goes."""

from __future__ import annotations

import json
from typing import Any

from werkzeug.test import Client

from tests.http.packages import upload
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
    text = upload(server, zipped(model(code)), Accept="application/x-ndjson").get_data(as_text=True)
    lines = [json.loads(line) for line in text.splitlines() if line.strip()]
    return [(line["Event"], line["Data"]) for line in lines]


def test_each_kind_of_event_has_one_meaning(server: Client) -> None:
    seen = _watched(server, "class Model:\n    def run(self): return 'ok'\n")
    names = [name for name, _ in seen]
    assert (names[0], names[-1]) == ("accepted", "package")
    assert set(names[1:-1]) == {"log"}
    assert (seen[0][1]["Status"], seen[-1][1]["Status"]) == ("building", "ready")
    assert _watched(server, FAILING)[-1][0] == "problem"


def test_a_character_that_comes_in_two_halves_is_one(server: Client) -> None:
    log = "".join(data for name, data in _watched(server, _HALVES) if name == "log")
    assert "caf\u00e9" in log
    assert "\ufffd" not in log
