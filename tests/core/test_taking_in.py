"""Uploads that meet a full disk, a death or a second use: nothing is lost, and nothing stays of what was refused."""

from __future__ import annotations

import errno
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from modelserver.errors import NoSpace, TestFailed
from modelserver.memory import MemoryDatabase, MemoryEngine, MemoryRunner, MemoryStorage
from modelserver.package import Artifact, Outcome, Package
from modelserver.ports import Query, Session, Upload
from modelserver.services import Services
from modelserver.settings import Settings
from tests.packages import model, zipped

_ALL = Query(status=None)
_DONE = Outcome((Artifact("memory", "memory:hello"),), {}, {"Passed": True})
_FAILED = Outcome(error=TestFailed("no cheese").to_json())


@dataclass
class Used:
    """Port Sessions whose zips have all arrived: the name of one is the name of its zip."""

    storage: MemoryStorage
    uploads: dict[str, Upload] = field(default_factory=dict)

    def begin(self, size: int, address: str) -> Session:
        raise NotImplementedError

    def finish(self, name: str) -> Upload:
        self.storage.open(name)
        return self.uploads[name]


@dataclass
class World:
    """Ports in memory."""

    storage: MemoryStorage = field(default_factory=MemoryStorage)
    database: MemoryDatabase = field(default_factory=MemoryDatabase)
    engine: MemoryEngine = field(default_factory=MemoryEngine)
    runner: MemoryRunner = field(default_factory=MemoryRunner)

    def __post_init__(self) -> None:
        self.sessions = Used(self.storage)

    @property
    def plugged(self) -> dict[str, str]:
        return {}

    @property
    def services(self) -> Services:
        """As of a server that has just started."""
        return Services(self, Settings(python="3.11", heal_after=0))

    def upload(self) -> Package:
        package, _ = self.services.intake.upload(iter([zipped(model())]))
        return package

    def failed(self) -> Package:
        """A package whose build has failed."""
        package = self.upload()
        self.engine.end(package, _FAILED)
        return self.services.catalog.settle(package)

    def recorded(self) -> list[Package]:
        return list(self.database.list(_ALL).packages)

    def zips(self) -> set[str]:
        return set(self.storage._zips)

    def breaking(self, port: str, method: str, error: BaseException, after: bool = False) -> Callable[[], None]:
        """Makes a port's method raise, instead of what it does or `after` it; what is returned ends that."""
        owner = getattr(self, port)
        works = getattr(owner, method)

        def broken(*words: Any) -> None:
            if after:
                works(*words)
            raise error

        setattr(owner, method, broken)
        return lambda: setattr(owner, method, works)


@pytest.fixture
def world() -> World:
    return World()


_FULL = [
    ("database", "claim", NoSpace("full")),
    ("storage", "keep", OSError(errno.ENOSPC, "No space left on device")),
    ("engine", "submit", OSError(errno.ENOSPC, "No space left on device")),
]


@pytest.mark.parametrize(("port", "method", "error"), _FULL)
def test_an_upload_that_has_no_room_changes_nothing(world: World, port: str, method: str, error: Exception) -> None:
    mended = world.breaking(port, method, error)
    with pytest.raises(NoSpace):
        world.upload()
    assert (world.recorded(), world.zips()) == ([], set())
    mended()
    assert world.upload().status == "building"


@pytest.mark.parametrize(("port", "method", "error"), [("database", "swap", NoSpace("full")), *_FULL[1:]])
def test_a_failed_package_that_has_no_room_to_be_built_again_is_as_it_was(
    world: World, port: str, method: str, error: Exception
) -> None:
    failed = world.failed()
    mended = world.breaking(port, method, error)
    with pytest.raises(NoSpace):
        world.upload()
    assert (world.recorded(), world.zips()) == ([failed], {failed.upload})
    mended()
    again = world.upload()
    assert (again.status, world.zips()) == ("building", {again.upload})


def test_who_waits_is_not_told_of_a_full_disk_but_that_the_package_is_there(world: World) -> None:
    package = world.upload()
    mended = world.breaking("database", "swap", NoSpace("full"))
    world.engine.end(package, _DONE)
    assert world.services.catalog.wait(package, 60).status == "building"
    mended()
    assert world.services.catalog.get(package.id).status == "ready"


class _Died(BaseException):
    """The end of a process: nothing after it is done."""


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("port", "method"),
    [("database", "swap"), ("storage", "keep"), ("engine", "submit"), ("engine", "remove"), ("storage", "delete")],
)
def test_a_failed_package_keeps_a_zip_wherever_its_next_upload_dies(
    world: World, port: str, method: str, after: bool
) -> None:
    world.failed()
    mended = world.breaking(port, method, _Died(), after)
    with pytest.raises(_Died):
        world.upload()
    mended()
    catalog = world.services.catalog
    catalog.resume(catalog.known())
    (package,) = world.recorded()
    assert package.upload in world.zips()
    if package.status == "building":
        world.engine.end(package, _DONE)
    else:
        world.engine.end(world.upload(), _DONE)
    assert catalog.get(package.id).status == "ready"


def test_a_session_that_is_used_again_after_its_build_failed_keeps_its_zip(world: World) -> None:
    """As a client does whose first answer was cut off."""
    upload = world.storage.receive(iter([zipped(model())]), 1 << 20)
    world.sessions.uploads[upload.name] = upload
    first, _ = world.services.intake.upload_session(upload.name)
    world.engine.end(first, _FAILED)
    assert world.services.catalog.settle(first).status == "failed"
    second, started = world.services.intake.upload_session(upload.name)
    assert (second.status, started, second.build == first.build) == ("building", True, False)
    assert world.zips() == {upload.name}
