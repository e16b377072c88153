"""What hypothesis does to a catalog: uploads, builds that end, deletes, lists, restarts, and crashes within them.

After each step the catalog is held to the model. What was answered holds: an upload that returned is there, byte for
byte, and a delete that returned is done, also after a crash. What was cut short has either happened or not, wholly.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from local.database import SQLiteDatabase
from local.files import FileStorage
from local.sessions import FileSessions
from modelserver.catalog import Catalog, Known
from modelserver.errors import BuildFailed, PackageNotFound
from modelserver.inspection import Rules
from modelserver.intake import Intake
from modelserver.memory import MemoryEngine, MemoryRunner
from modelserver.package import Artifact, Outcome, Package, PackageID
from modelserver.ports import Query
from modelserver.settings import Settings
from tests.packages import model, zipped
from trust.catalog.frail import Crashed, FrailPorts

_SHARED_MEMORY = Path("/dev/shm")  # fsync costs nothing there, and power is not what fails here
_NEVER = 1e9
_CONTENTS = range(4)
_FUSES = st.one_of(st.none(), st.none(), st.integers(0, 9))
_OUTCOMES = (
    Outcome((Artifact("docker-cpu", "example/a:b"),)),
    Outcome(error=BuildFailed("It did not work.").to_json()),
)


@cache
def _rules() -> Rules:
    return Rules.of(Settings())


@cache
def packed(content: int, way: int) -> bytes:
    """One package's content as one of two zips of it."""
    files = model(salt=f"content {content}")
    return zipped(files if way else dict(reversed(files.items())))


@cache
def identity(content: int) -> PackageID:
    from modelserver.archive import open_archive
    from modelserver.memory import MemoryReader

    return open_archive(MemoryReader(packed(content, 0)), _rules().limits).tree_id(1)


class CatalogMachine(RuleBasedStateMachine):
    """there, unsure: the packages that must be, and those that may or may not be, by content.

    zips: what was sent of each since it was last deleted.
    """

    steps = crashes = 0

    @initialize(forgets=st.booleans())
    def begin(self, forgets: bool) -> None:
        """forgets: whether the engine loses its builds in a crash, as an engine of this machine does."""
        self.folder = Path(tempfile.mkdtemp(prefix="modelserver-catalog-", dir=_shared()))
        self.forgets = forgets
        self.engine = MemoryEngine()
        self.there: set[int] = set()
        self.unsure: set[int] = set()
        self.zips: dict[int, set[bytes]] = {content: set() for content in _CONTENTS}
        self._open()

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.database.close()
            shutil.rmtree(self.folder)

    def _open(self) -> None:
        storage = FileStorage(self.folder)
        self.database = SQLiteDatabase(self.folder / "packages.sqlite")
        sessions = FileSessions(storage, self.folder / "sessions")
        self.ports = FrailPorts(storage, self.database, self.engine, sessions, MemoryRunner())
        self.catalog = Catalog(self.ports, _NEVER)
        self.intake = Intake(self.ports, _rules())

    @rule(content=st.sampled_from(_CONTENTS), way=st.integers(0, 1), calls=_FUSES, after=st.booleans())
    def upload(self, content: int, way: int, calls: int | None, after: bool) -> None:
        data = packed(content, way)
        self.zips[content].add(data)
        was_there = content in self.there

        def work() -> None:
            package, _ = self.intake.upload([data])
            assert package.id == identity(content)
            self.there.add(content)
            self.unsure.discard(content)

        if not self._survives(work, calls, after) and not was_there:
            self.unsure.add(content)

    @rule(content=st.sampled_from(_CONTENTS), calls=_FUSES, after=st.booleans())
    def delete(self, content: int, calls: int | None, after: bool) -> None:
        def work() -> None:
            with suppress(PackageNotFound):
                self.catalog.delete(identity(content))
            self.there.discard(content)
            self.unsure.discard(content)
            self.zips[content].clear()

        if not self._survives(work, calls, after) and content in self.there:
            self.there.discard(content)
            self.unsure.add(content)

    @rule(content=st.sampled_from(_CONTENTS), outcome=st.sampled_from(_OUTCOMES), calls=_FUSES, after=st.booleans())
    def a_build_ends(self, content: int, outcome: Outcome, calls: int | None, after: bool) -> None:
        package = self.database.get(identity(content))
        if package is None or package.status != "building" or package.build not in self.engine._outcomes:
            return
        self.engine.end(package, outcome)
        self._survives(lambda: self.catalog.ended(package), calls, after)

    @rule()
    def restart(self) -> None:
        self._start_again()

    def _survives(self, work: Callable[[], Any], calls: int | None, after: bool) -> bool:
        """Whether the server does; if not, another one starts."""
        self.ports.fuse.light(calls, after)
        try:
            work()
        except Crashed:
            type(self).crashes += 1
            self._start_again()
            return False
        self.ports.fuse.light(None, False)
        return True

    def _start_again(self) -> None:
        self.database.close()
        if self.forgets:
            self.engine = MemoryEngine()
        self._open()
        known = self._tidied()
        kept = {path.stem for path in (self.folder / "packages").iterdir()}
        assert kept == known.uploads, "what is on the disk is not what the records name"
        assert not list((self.folder / "staging").iterdir())

    def _tidied(self) -> Known:
        """As a server does at its start (local/house.py); zips that no record names go at once."""
        known, storage = self.catalog.known(), FileStorage(self.folder)
        for package in self.database.leaving():
            if package.upload not in known.uploads:
                storage.delete(package.upload)
            self.database.left(package)
        self.catalog.resume(known)
        storage.sweep(known.uploads, 0)
        storage.sweep_staging(known.uploads)
        return known

    @precondition(lambda self: hasattr(self, "database"))
    @invariant()
    def it_holds(self) -> None:
        type(self).steps += 1
        found = {content for content in _CONTENTS if self.database.get(identity(content))}
        assert self.there <= found <= self.there | self.unsure
        self.there, self.unsure = found, set()  # what may have been is settled by what is
        for content in found:
            self._is_whole(self.catalog.get(identity(content)), content)
        self._lists(found)

    def _is_whole(self, package: Package, content: int) -> None:
        reader = self.catalog.open_zip(package)
        data = reader.read_at(0, reader.size)
        reader.close()
        assert data in self.zips[content]
        assert (package.size, package.sha256) == (len(data), hashlib.sha256(data).hexdigest())
        assert (package.status == "ready") == bool(package.artifacts)
        assert (package.status == "failed") == bool(package.error)

    def _lists(self, found: set[int]) -> None:
        """All of them, newest first, in one page or in many."""
        whole = self.catalog.list(Query(status=None)).packages
        paged: list[Package] = []
        query = Query(status=None, limit=1)
        while True:
            page = self.catalog.list(query)
            paged += page.packages
            if not page.next:
                break
            query = Query(status=None, limit=1, after=page.next)
        assert [package.id for package in whole] == [package.id for package in paged]
        assert {package.id for package in whole} == {identity(content) for content in found}
        assert [package.created for package in whole] == sorted((package.created for package in whole), reverse=True)


def _shared() -> str | None:
    return str(_SHARED_MEMORY) if _SHARED_MEMORY.is_dir() else None
