"""The use cases over memory: what many clients at once, and bad luck, must not do."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from modelserver.errors import Conflict, PackageNotFound
from modelserver.intake import Intake
from modelserver.memory import MemoryDatabase, MemoryEngine, MemoryRunner, MemoryStorage
from modelserver.package import Artifact, Outcome, Package
from modelserver.ports import Query, Sessions
from modelserver.services import Services
from modelserver.settings import Settings
from tests.packages import model, zipped

_ALL = Query(status=None)
_DONE = Outcome((Artifact("memory", "memory:hello"),), {}, {"Passed": True})


@dataclass
class World:
    """Ports in memory."""

    storage: MemoryStorage = field(default_factory=MemoryStorage)
    database: MemoryDatabase = field(default_factory=MemoryDatabase)
    engine: MemoryEngine = field(default_factory=MemoryEngine)
    runner: MemoryRunner = field(default_factory=MemoryRunner)

    @property
    def sessions(self) -> Sessions:
        raise AssertionError("no test here begins a session")

    @property
    def plugged(self) -> dict[str, str]:
        return {}


@pytest.fixture
def world() -> World:
    return World()


def _services(world: World) -> Services:
    return Services(world, Settings(python="3.11"))


def _started(work: Callable[[], object]) -> threading.Thread:
    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    return thread


def _upload(intake: Intake, salt: str = "") -> Package:
    package, _ = intake.upload(iter([zipped(model(salt=salt))]))
    return package


def test_who_waits_for_a_package_that_is_deleted_is_told(world: World) -> None:
    services = _services(world)
    package = _upload(services.intake)
    told: list[str] = []

    def wait() -> None:
        try:
            services.catalog.wait(package, 60)
        except PackageNotFound:
            told.append("gone")

    waiting = _started(wait)
    services.catalog.delete(package.id)
    waiting.join(20)
    assert told == ["gone"]


def test_who_waits_gets_the_build_that_took_the_place_of_the_first(world: World) -> None:
    services = _services(world)
    first = _upload(services.intake)
    seen: list[Package] = []
    waiting = _started(lambda: seen.append(services.catalog.wait(first, 60)))
    services.catalog.delete(first.id)
    second = _upload(services.intake)
    world.engine.end(second, _DONE)
    waiting.join(20)
    assert [(package.build, package.status) for package in seen] in ([(second.build, "ready")], [])
    assert not waiting.is_alive()


def test_a_log_that_is_followed_ends_when_the_package_is_deleted(world: World) -> None:
    services = _services(world)
    package = _upload(services.intake)
    following = _started(lambda: list(services.catalog.follow(package)))
    services.catalog.delete(package.id)
    following.join(20)
    assert not following.is_alive()


def test_uploads_that_lose_a_race_leave_no_zip(world: World) -> None:
    services = _services(world)
    together = threading.Barrier(8)
    claim = world.database.claim

    def claim_together(package: Package) -> Package:
        together.wait(10)
        return claim(package)

    world.database.claim = claim_together  # type: ignore[method-assign]
    intake = services.intake
    threads = [_started(lambda: _upload(intake)) for _ in range(8)]
    for thread in threads:
        thread.join(20)
    (package,) = world.database.list(_ALL).packages
    assert world.storage.sweep(frozenset({package.upload}), 0) == 0


def test_a_build_that_cannot_be_begun_has_failed_and_may_be_tried_again(world: World) -> None:
    services = _services(world)
    submit = world.engine.submit

    def broken(package: Package) -> None:
        raise OSError("no space")

    world.engine.submit = broken  # type: ignore[method-assign]
    with pytest.raises(OSError, match="no space"):
        _upload(services.intake)
    (failed,) = world.database.list(_ALL).packages
    assert (failed.status, failed.error["code"]) == ("failed", "BUILD_FAILED")
    world.engine.submit = submit  # type: ignore[method-assign]
    again = _upload(services.intake)
    assert again.status == "building"
    world.engine.end(again, _DONE)
    assert services.catalog.wait(again, 10).status == "ready"


class _Died(BaseException):
    """The end of a process: nothing after it is done."""


@pytest.mark.parametrize("step", ["claim", "keep", "submit"])
def test_an_upload_that_died_half_way_is_gone_on_with_by_the_next(world: World, step: str) -> None:
    """Nothing lost, nothing doubled: one record, one zip, one build."""
    port = {"claim": world.database, "keep": world.storage, "submit": world.engine}[step]
    works = getattr(port, step)

    def dies(asked: object) -> None:
        if step == "claim":
            works(asked)
        raise _Died

    setattr(port, step, dies)
    with pytest.raises(_Died):
        _upload(_services(world).intake)
    setattr(port, step, works)
    services = Services(world, Settings(python="3.11", heal_after=0))
    package = services.catalog.wait(_upload(services.intake), 0)
    world.engine.end(package, _DONE)
    assert services.catalog.get(package.id).status == "ready"
    assert services.catalog.list(_ALL).packages == (services.catalog.get(package.id),)
    assert world.storage.sweep(frozenset({package.upload}), 0) == 0


def test_a_package_whose_zip_is_gone_before_its_build_begins_is_none(world: World) -> None:
    keep = world.storage.keep

    def gone(name: str) -> None:
        world.storage.delete(name)
        keep(name)

    world.storage.keep = gone  # type: ignore[method-assign]
    services = _services(world)
    with pytest.raises(Conflict, match="Send yours again"):
        _upload(services.intake)
    assert services.catalog.list(_ALL).packages == ()
    world.storage.keep = keep  # type: ignore[method-assign]
    assert _upload(services.intake).status == "building"


def test_one_build_that_cannot_be_taken_up_does_not_stop_the_start(world: World) -> None:
    services = _services(world)
    broken, fine = _upload(services.intake, "1"), _upload(services.intake, "2")
    restarted = World(world.storage, world.database)
    submit = restarted.engine.submit

    def picky(package: Package) -> None:
        if package.build == broken.build:
            raise RecursionError
        submit(package)

    restarted.engine.submit = picky  # type: ignore[method-assign]
    catalog = _services(restarted).catalog
    known = catalog.known()
    catalog.resume(known)
    assert known.builds == {broken.build, fine.build}
    restarted.engine.end(fine, _DONE)
    assert restarted.engine.wait(fine, 0) == _DONE


def test_interrupted_builds_are_taken_up_in_the_order_of_their_uploads(world: World) -> None:
    services = _services(world)
    uploaded = [_upload(services.intake, str(number)).build for number in range(5)]
    restarted, submitted = World(world.storage, world.database), list[str]()
    restarted.engine.submit = lambda package: submitted.append(package.build)  # type: ignore[method-assign]
    catalog = _services(restarted).catalog
    catalog.resume(catalog.known())
    assert submitted == uploaded


def test_a_wait_lasts_no_longer_than_asked(world: World) -> None:
    services = _services(world)
    package = _upload(services.intake)
    began = time.monotonic()
    assert services.catalog.wait(package, 0.3).status == "building"
    assert time.monotonic() - began >= 0.3
