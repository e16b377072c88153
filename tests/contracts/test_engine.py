"""The contract of port Engine; every implementation runs it, with real models where it is real."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timezone
from pathlib import Path

import pytest

from local.files import FileStorage
from modelserver.errors import TestFailed
from modelserver.memory import MemoryEngine
from modelserver.package import Artifact, Outcome, Package
from modelserver.ports import Engine
from modelserver.stages import Stage
from tests.cloud.engines import cloud_world
from tests.engines import local_engine
from tests.packages import FAILING, HELLO, SLEEPING, model, record, zipped

_SOON = 120.0


@dataclass
class World:
    """An engine, and packages that pass, fail or never end in it."""

    engine: Engine
    submit: Callable[[str], Package]


_REAL = [pytest.param(name, marks=pytest.mark.docker) for name in ("docker", "cloudbuild")]


@pytest.fixture(params=["memory", "process", *_REAL])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    if request.param == "memory":
        yield _memory()
        return
    if request.param == "cloudbuild":
        storage_url = request.getfixturevalue("shared_storage").url
        with cloud_world(request.getfixturevalue("bucket"), storage_url) as cloud:
            yield World(cloud.engine, cloud.submitted)
        return
    with local_engine(request.param, tmp_path) as (engine, storage):
        world = World(engine, lambda code: _submitted(engine, storage, code))
        yield world


def _memory() -> World:
    engine = MemoryEngine()
    made, built = (Artifact("memory", "memory:hello"),), (Stage("build", 0.05),)
    outcomes = {
        HELLO: Outcome(made, {"Input": {}}, {"Passed": True}, stages=built),
        FAILING: Outcome(error=TestFailed("ValueError: out of cheese").to_json()),
    }

    def submit(code: str) -> Package:
        package = record(hash(code) % 1000)
        engine.submit(package)
        if code in outcomes:
            threading.Timer(0.05, engine.end, (package, outcomes[code])).start()
        return package

    return World(engine, submit)


def _submitted(engine: Engine, storage: FileStorage, code: str) -> Package:
    upload = storage.receive(iter([zipped(model(code))]), 1 << 30)
    storage.keep(upload.name)
    package = record(abs(hash(code)) % 1000, upload=upload.name)
    engine.submit(package)
    return package


def test_a_model_that_works_ends_with_artifacts_and_evidence(world: World) -> None:
    package = world.submit(HELLO)
    outcome = world.engine.wait(package, _SOON)
    assert outcome is not None
    assert outcome.error == {}
    assert [artifact.target for artifact in outcome.artifacts] != []
    assert outcome.test["Passed"] is True
    assert "Input" in outcome.schema
    assert world.engine.log(package, 0) != b""
    world.engine.remove(package)


def test_a_model_that_fails_ends_with_a_problem_and_no_artifact(world: World) -> None:
    package = world.submit(FAILING)
    outcome = world.engine.wait(package, _SOON)
    assert outcome is not None
    assert outcome.error["code"] == "TEST_FAILED"
    assert "out of cheese" in str(outcome.error["detail"])
    assert outcome.artifacts == ()


def test_the_outcome_stays_the_same_however_often_it_is_asked_for(world: World) -> None:
    package = world.submit(HELLO)
    first = world.engine.wait(package, _SOON)
    world.engine.submit(package)
    assert world.engine.wait(package, 0) == first
    world.engine.cancel(package)
    assert world.engine.wait(package, 0) == first
    world.engine.remove(package)


def test_waiting_ends_when_the_time_is_over(world: World) -> None:
    package = world.submit(SLEEPING)
    assert world.engine.wait(package, 0) is None
    began = time.monotonic()
    assert world.engine.wait(package, 0.2) is None
    assert time.monotonic() - began >= 0.2
    world.engine.cancel(package)


def test_many_wait_for_one_build(world: World) -> None:
    package = world.submit(HELLO)
    seen: list[Outcome | None] = []
    threads = [threading.Thread(target=lambda: seen.append(world.engine.wait(package, _SOON))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(seen) == 5
    assert all(outcome is not None and outcome == seen[0] for outcome in seen)
    world.engine.remove(package)


def test_a_cancelled_build_ends_with_that_reason(world: World) -> None:
    package = world.submit(SLEEPING)
    world.engine.wait(package, 0.5)
    world.engine.cancel(package)
    outcome = world.engine.wait(package, 0)
    assert outcome is not None
    assert outcome.error["code"] == "BUILD_CANCELLED"
    world.engine.cancel(package)


def test_the_log_can_be_read_on_from_where_one_was(world: World) -> None:
    package = world.submit(HELLO)
    world.engine.wait(package, _SOON)
    whole = world.engine.log(package, 0)
    assert world.engine.log(package, 5) == whole[5:]
    assert world.engine.log(package, len(whole)) == b""
    world.engine.remove(package)


def test_the_stages_of_a_build_are_known_while_it_goes_on_and_with_their_seconds_at_its_end(world: World) -> None:
    package = world.submit(SLEEPING)
    until = time.monotonic() + _SOON
    while not (stages := world.engine.stages(package)) or stages[-1].seconds is not None:
        assert time.monotonic() < until
        time.sleep(0.1)
    world.engine.cancel(package)
    done = world.submit(HELLO)
    outcome = world.engine.wait(done, _SOON)
    assert outcome is not None
    assert world.engine.stages(done) == outcome.stages
    assert outcome.stages and all(stage.seconds is not None and stage.seconds >= 0 for stage in outcome.stages)
    world.engine.remove(done)


def test_what_was_never_submitted_has_no_log_and_no_outcome(world: World) -> None:
    package = replace(record(999), created=datetime.now(timezone.utc).isoformat())
    assert world.engine.log(package, 0) == b""
    assert world.engine.wait(package, 0) is None
    assert world.engine.stages(package) == ()
    world.engine.cancel(package)
    world.engine.remove(package)


def test_removing_twice_is_removing_once(world: World) -> None:
    package = world.submit(HELLO)
    world.engine.wait(package, _SOON)
    world.engine.remove(package)
    world.engine.remove(package)
    assert world.engine.log(package, 0) == b""
