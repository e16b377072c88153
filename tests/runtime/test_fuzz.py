"""A short turn of the fuzz run, and inputs made by hypothesis; `python -m tests.runtime.fuzz` is the long one."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.runtime.fuzz import INFER, Fuzz, held
from tests.runtime.guest import Guest, Server

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.sampled_from(["text", "n", "flag", "any", "point", "either", "pick", "file", "data", "table", "other"])
ECHO = "class Model:\n  def run(self, any=None): return {'any': any}"


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Guest:
    return Guest(tmp_path_factory.mktemp("fuzz"), sys.executable, INFER, environment={"JID_WEBHOOKS": "off"})


@pytest.fixture(scope="module")
def server(package: Guest) -> Iterator[Server]:
    with package.serving() as running:
        running.until("ready")
        yield running


@pytest.fixture(scope="module")
def echo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with Guest(tmp_path_factory.mktemp("echo"), sys.executable, ECHO).serving() as running:
        running.until("ready")
        yield running


def test_hostile_requests(server: Server, package: Guest) -> None:
    fuzz = Fuzz(server, seed=1)
    fuzz.run(50)
    before = held(package, server)
    fuzz.run(600)
    assert fuzz.bad == []
    assert len(fuzz.statuses) > 4
    after = held(package, server)
    assert (after.litter, after.files <= before.files + 5) == (before.litter, True)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(inputs=st.dictionaries(NAMES, JSON, max_size=4))
def test_any_inputs_are_taken_or_named(server: Server, inputs: dict[str, Any]) -> None:
    answer = server.infer(**inputs)
    assert answer.status in (200, 422, 400)
    if answer.status == 422:
        named = {error["pointer"].split("/")[1] for error in answer.json()["errors"]}
        assert named <= set(inputs)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=JSON)
def test_any_json_goes_through_whole(echo: Server, value: Any) -> None:
    answer = echo.infer(any=value)
    if any(math.isinf(number) for number in _numbers(value)):
        assert answer.status == 400
    else:
        assert answer.json() == {"any": json.loads(json.dumps(value))}


def _numbers(value: Any) -> list[float]:
    if isinstance(value, float):
        return [value]
    items = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return [number for item in items for number in _numbers(item)]
