"""A data folder, opened: the parts of local mode, each plugged into the next."""

from __future__ import annotations

import fcntl
import logging
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from local.database import SQLiteDatabase
from local.docker_engine import DockerBuilder, docker_answers
from local.docker_runner import DockerStarter
from local.engine import Bounds, Builder, LocalEngine
from local.files import FileStorage, write_atomically
from local.process_engine import ProcessBuilder
from local.process_runner import ProcessStarter
from local.runner import LocalRunner, Warmth
from local.sessions import FileSessions
from local.warm import Starter
from modelserver.catalog import Known
from modelserver.errors import Misconfigured
from modelserver.frameworks import Facts
from modelserver.inspection import Rules
from modelserver.services import Services
from modelserver.settings import Settings

_PATIENCE = 15.0
_RUNTIME = Path(__file__).resolve().parent.parent / "runtime" / "jid"


@dataclass(frozen=True)
class LocalPorts:
    """Ports of one machine."""

    storage: FileStorage
    sessions: FileSessions
    database: SQLiteDatabase
    engine: LocalEngine
    runner: LocalRunner

    @property
    def plugged(self) -> dict[str, str]:
        return {"Engine": self.engine.name, "Runner": self.runner.name, "Storage": "files", "Database": "sqlite"}


@dataclass(frozen=True)
class House:
    """services: for app.handle. The data folder is this process's own until `close`."""

    services: Services
    ports: LocalPorts
    lock: TextIO

    @classmethod
    def open(cls, settings: Settings, tools: Mapping[str, str]) -> House:
        """Takes up what an earlier server left. Raises Misconfigured."""
        data = settings.data.resolve()
        data.mkdir(parents=True, exist_ok=True)
        lock = _locked(data / "lock")
        try:
            ports = _ports(settings, data, tools)
            services = Services(ports, settings)
            ports.engine.listen(services.catalog.ended)
            _tidy(ports, services, settings)
        except BaseException:
            lock.close()
            raise
        return cls(services, ports, lock)

    def close(self) -> None:
        self.ports.runner.close()
        self.ports.engine.close()
        self.ports.database.close()
        self.lock.close()


def _tidy(ports: LocalPorts, services: Services, settings: Settings) -> None:
    """Takes up what was interrupted and removes what an end without warning left. The folder is ours alone."""
    ports.runner.open()
    known = services.catalog.known()
    ports.engine.sweep(known.builds, known.ready)
    _finish_deletions(ports, known)
    services.catalog.resume(known)
    ports.storage.sweep(known.uploads, settings.sweep_after)
    ports.storage.sweep_staging(known.uploads)
    ports.sessions.sweep(settings.sweep_after)


def _finish_deletions(ports: LocalPorts, known: Known) -> None:
    """One that cannot be finished, as Docker does not answer, does not keep the server from starting."""
    for package in ports.database.leaving():
        try:
            if package.id not in known.ready:
                ports.engine.remove(package)
            if package.upload not in known.uploads:
                ports.storage.delete(package.upload)
            ports.database.left(package)
        except Exception:
            logging.exception("what is left of package %s cannot be removed", package.id)


def _ports(settings: Settings, data: Path, tools: Mapping[str, str]) -> LocalPorts:
    rules = Rules.of(settings)
    storage = FileStorage(data)
    bounds = Bounds(settings.builds, settings.build_timeout, rules.limits)
    made = builder(settings, rules.facts, tools)
    warmth = Warmth(settings.runners, settings.runner_idle, settings.run_timeout)
    return LocalPorts(
        storage=storage,
        sessions=FileSessions(storage, data / "sessions"),
        database=SQLiteDatabase(data / "packages.sqlite"),
        engine=LocalEngine(made, storage, data / "builds", bounds),
        runner=LocalRunner(starter(made.name, settings, data, tools), warmth),
    )


def builder(settings: Settings, facts: Facts, tools: Mapping[str, str]) -> Builder:
    chosen = settings.engine
    if chosen == "auto":
        chosen = "docker" if docker_answers() else "process"
    if chosen == "docker":
        return DockerBuilder(settings, facts, _RUNTIME)
    if chosen == "process":
        return ProcessBuilder(settings, facts, settings.data.resolve() / "processes", _RUNTIME, tools)
    raise Misconfigured(f"MODELSERVER_ENGINE={chosen!r}: say auto, docker or process.")


def starter(engine: str, settings: Settings, data: Path, tools: Mapping[str, str]) -> Starter:
    """What runs what the engine of this name builds."""
    if engine == "docker":
        return DockerStarter(settings, _owner(data))
    return ProcessStarter(settings, data / "processes", tools)


def _owner(data: Path) -> str:
    """A name of the data folder's own, whatever machine or path it is on."""
    path = data / "owner"
    if not path.exists():
        write_atomically(path, uuid.uuid4().hex.encode())
    return path.read_text()


def _locked(path: Path) -> TextIO:
    """Holds the data folder; a server that is just ending gets a moment to let it go."""
    file = path.open("w")
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return file
        except BlockingIOError:
            if time.monotonic() >= until:
                file.close()
                raise Misconfigured(f"Another server uses {path.parent}; give this one its own --data.") from None
            time.sleep(0.1)
