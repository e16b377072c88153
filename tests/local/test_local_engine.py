"""The queue of builds on one machine, with a builder that does as it is told."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Set
from dataclasses import replace
from pathlib import Path

import pytest

from local.engine import Bounds, LocalEngine
from local.job import Job
from modelserver.archive import Archive, Limits
from modelserver.memory import MemoryStorage
from modelserver.package import Artifact, Outcome, Package
from tests.packages import model, record, zipped

_LIMITS = Limits(100, 1 << 20, 200)
_DONE = Outcome((Artifact("scripted", "scripted:hello"),))


def _made(outcome: Outcome | None) -> Outcome | None:
    """Whatever it took."""
    return outcome and replace(outcome, stages=())


class Scripted:
    """A Builder that runs `script`. removed: builds whose artifacts it was told to remove; begun: names, in order."""

    name = "scripted"

    def __init__(self) -> None:
        self.script: Callable[[Job], None] = lambda job: None
        self.removed: list[str] = []
        self.begun: list[str] = []

    def build(self, package: Package, archive: Archive, job: Job) -> Outcome:
        self.begun.append(package.config.name)
        self.script(job)
        return _DONE

    def test(self, package: Package, job: Job) -> Outcome:
        return _DONE

    def clean(self, package: Package) -> None: ...

    def remove(self, package: Package) -> None:
        self.removed.append(package.build)

    def sweep(self, ready: Set[str]) -> None: ...


class Workshop:
    """One engine with one place for builds."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.builder = Scripted()
        self.storage = MemoryStorage()
        self.engine = self.start()

    def start(self) -> LocalEngine:
        return LocalEngine(self.builder, self.storage, self.folder, Bounds(1, 60, _LIMITS))

    def package(self, number: int = 0, name: str = "tests/hello") -> Package:
        upload = self.storage.receive(iter([zipped(model())]), 1 << 20)
        self.storage.keep(upload.name)
        return record(number, upload=upload.name, name=name)

    def queued(self, names: list[str]) -> list[Package]:
        """Packages of these names that wait behind one that does not end."""
        packages = [self.package(number, name) for number, name in enumerate(names)]
        self.engine.submit(packages[0])
        _await(lambda: self.builder.begun == [names[0]])
        for package in packages[1:]:
            self.engine.submit(package)
        return packages

    def busy(self) -> Callable[[], None]:
        """Makes each build wait, until the function that is returned is called, or it is cancelled."""
        done = threading.Event()

        def script(job: Job) -> None:
            with job.stopping(done.set):
                done.wait(30)

        self.builder.script = script
        return done.set


@pytest.fixture
def workshop(tmp_path: Path) -> Iterator[Workshop]:
    workshop = Workshop(tmp_path)
    yield workshop
    workshop.engine.close()


def test_a_build_that_waits_for_its_turn_is_cancelled_at_once(workshop: Workshop) -> None:
    release = workshop.busy()
    first, second = workshop.package(1), workshop.package(2)
    workshop.engine.submit(first)
    workshop.engine.submit(second)
    workshop.engine.cancel(second)
    outcome = workshop.engine.wait(second, 0)
    assert outcome is not None
    assert outcome.error["code"] == "BUILD_CANCELLED"
    assert workshop.engine.wait(first, 0) is None
    release()
    assert _made(workshop.engine.wait(first, 30)) == _DONE


def test_a_thousand_builds_of_one_owner_keep_no_other_waiting(workshop: Workshop) -> None:
    release = workshop.busy()
    packages = workshop.queued(["ann/many"] * 1001 + ["bob/one", "cleo/one"])
    release()
    for package in packages[-2:]:
        assert _made(workshop.engine.wait(package, 30)) == _DONE
    assert workshop.builder.begun[:4] == ["ann/many", "ann/many", "bob/one", "cleo/one"]


def test_a_thousand_builds_of_one_name_keep_no_other_of_its_owner_waiting(workshop: Workshop) -> None:
    release = workshop.busy()
    packages = workshop.queued(["ann/many"] * 1001 + ["ann/one"])
    release()
    assert _made(workshop.engine.wait(packages[-1], 30)) == _DONE
    assert workshop.builder.begun[:3] == ["ann/many", "ann/many", "ann/one"]


def test_who_is_alone_is_served_in_the_order_of_coming(workshop: Workshop) -> None:
    release = workshop.busy()
    packages = workshop.queued(["ann/a", *(f"ann/{number}" for number in range(20))])
    workshop.engine.cancel(packages[5])
    release()
    assert _made(workshop.engine.wait(packages[-1], 30)) == _DONE
    assert workshop.builder.begun == [package.config.name for package in packages if package is not packages[5]]


def test_what_comes_while_the_engine_closes_is_left_to_the_next_start(workshop: Workshop) -> None:
    workshop.engine.close()
    package = workshop.package()
    workshop.engine.submit(package)
    assert workshop.engine.wait(package, 0) is None
    workshop.engine = workshop.start()
    workshop.engine.submit(package)
    assert _made(workshop.engine.wait(package, 30)) == _DONE


def test_builds_that_wait_hold_no_file(workshop: Workshop) -> None:
    release = workshop.busy()
    before = _open_files()
    for number in range(200):
        workshop.engine.submit(workshop.package(number))
    assert _open_files() - before < 20
    release()


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_an_outcome_that_cannot_be_written_is_an_outcome_all_the_same(
    workshop: Workshop, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(path: Path, data: bytes) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("local.engine.write_atomically", full)
    package = workshop.package()
    workshop.engine.submit(package)
    assert _made(workshop.engine.wait(package, 30)) == _DONE
    workshop.engine.cancel(package)


def test_a_log_that_cannot_be_written_does_not_stop_the_build(workshop: Workshop) -> None:
    def script(job: Job) -> None:
        job._log.close()  # type: ignore[union-attr]
        job._log = open("/dev/full", "ab", buffering=0)  # noqa: PTH123, SIM115
        job.log("this has no room")
        job.log("nor has this")

    workshop.builder.script = script
    package = workshop.package()
    workshop.engine.submit(package)
    assert _made(workshop.engine.wait(package, 30)) == _DONE


def test_a_listener_that_breaks_does_not_lose_the_end(workshop: Workshop) -> None:
    def broken(package: Package) -> None:
        raise ValueError("no")

    workshop.engine.listen(broken)
    package = workshop.package()
    workshop.engine.submit(package)
    assert _made(workshop.engine.wait(package, 30)) == _DONE


def test_a_server_that_ends_records_nothing_of_what_it_stops(workshop: Workshop) -> None:
    workshop.busy()
    package = workshop.package()
    workshop.engine.submit(package)
    _await(lambda: workshop.engine.log(package, 0) is not None and (workshop.folder / package.build).exists())
    workshop.engine.close()
    workshop.builder.script = lambda job: None
    workshop.engine = workshop.start()
    assert workshop.engine.wait(package, 0) is None
    workshop.engine.submit(package)
    assert _made(workshop.engine.wait(package, 30)) == _DONE


def test_removing_an_old_build_leaves_what_a_newer_one_of_the_same_content_made(workshop: Workshop) -> None:
    old, new = workshop.package(1), workshop.package(1)
    for package in (old, new):
        workshop.engine.submit(package)
        assert _made(workshop.engine.wait(package, 30)) == _DONE
    workshop.engine.remove(old)
    assert workshop.builder.removed == []
    workshop.engine.remove(new)
    assert workshop.builder.removed == [new.build]


def test_folders_that_no_record_names_are_swept(workshop: Workshop) -> None:
    kept, lost = workshop.package(1), workshop.package(2)
    for package in (kept, lost):
        workshop.engine.submit(package)
        workshop.engine.wait(package, 30)
    workshop.engine.sweep({kept.build}, {kept.id})
    assert _made(workshop.engine.wait(kept, 0)) == _DONE
    assert [folder.name for folder in workshop.folder.iterdir()] == [kept.build]


def _await(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 20
    while not true():
        assert time.monotonic() < until
        time.sleep(0.01)
