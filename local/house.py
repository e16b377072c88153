"""A data folder, opened: the parts of local mode, each plugged into the next."""

from __future__ import annotations

import fcntl
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from local.database import SQLiteDatabase
from local.docker_engine import DockerBuilder, docker_answers
from local.engine import Bounds, Builder, LocalEngine
from local.files import FileStorage
from local.process_engine import ProcessBuilder
from modelserver.archive import Limits
from modelserver.catalog import Catalog
from modelserver.endpoints import Services
from modelserver.errors import Misconfigured
from modelserver.frameworks import Facts
from modelserver.inspection import Rules
from modelserver.settings import Settings

_PATIENCE = 15.0
_RUNTIME = Path(__file__).resolve().parent.parent / "runtime" / "jid"


@dataclass(frozen=True)
class House:
    """services: for app.handle. The data folder is this process's own until `close`."""

    services: Services
    engine: LocalEngine
    database: SQLiteDatabase
    lock: TextIO

    @classmethod
    def open(cls, settings: Settings, tools: Mapping[str, str]) -> House:
        """Takes up what an earlier server left. Raises Misconfigured."""
        data = settings.data.resolve()
        data.mkdir(parents=True, exist_ok=True)
        lock = _locked(data / "lock")
        storage, database = FileStorage(data), SQLiteDatabase(data / "packages.sqlite")
        rules = _rules(settings)
        bounds = Bounds(settings.builds, settings.build_timeout, rules.limits)
        engine = LocalEngine(builder(settings, rules.facts, tools), storage, data / "builds", bounds)
        catalog = Catalog(storage, database, engine, rules)
        engine.listen(catalog.ended)
        catalog.resume()
        plugged = {"Engine": engine.name, "Storage": "files", "Database": "sqlite"}
        return cls(Services(catalog, plugged, settings.max_upload, settings.token), engine, database, lock)

    def close(self) -> None:
        self.engine.close()
        self.database.close()
        self.lock.close()


def _rules(settings: Settings) -> Rules:
    return Rules(
        limits=Limits(settings.max_entries, settings.max_unpacked, settings.max_ratio),
        max_upload=settings.max_upload,
        threads=os.cpu_count() or 1,
        python=settings.python or f"{sys.version_info.major}.{sys.version_info.minor}",
        facts=Facts.load(settings.facts),
        sweep_after=settings.sweep_after,
        base_image_prefix=settings.base_image_prefix,
        package_index=settings.package_index,
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
