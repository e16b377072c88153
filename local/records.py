"""The records of a data folder, read beside a server or without one; nothing is written."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from urllib.parse import quote

from modelserver.audit import Damage
from modelserver.catalog import Known
from modelserver.errors import Misconfigured
from modelserver.package import Package, PackageID

_RESTORE = "restore packages.sqlite from a copy; without one, move it aside and upload the zips of packages/ again"


class Records:
    """running: whether a server has the folder. Each call reads what is recorded then, and holds up no writer."""

    def __init__(self, path: Path, running: bool) -> None:
        """Raises Misconfigured if there are no records to read."""
        self._address = f"file:{quote(str(path))}?{_mode(path, running)}"
        try:
            self._rows("PRAGMA schema_version")
        except sqlite3.OperationalError as error:
            raise Misconfigured(f"{path} cannot be read: {error}. Name the data folder of a server: --data.") from None
        except sqlite3.DatabaseError:
            return  # `damage` tells it

    def damage(self) -> Iterator[Damage]:
        """What SQLite itself finds wrong with the file."""
        try:
            lines = self._rows("PRAGMA integrity_check(10)")
        except sqlite3.DatabaseError as error:
            lines = [(str(error),)]
        for (line,) in lines:
            if line != "ok":
                yield Damage("packages.sqlite", f"SQLite says: {line}", _RESTORE)

    def ids(self) -> Iterator[PackageID]:
        last = ""
        while rows := self._rows("SELECT id FROM packages WHERE id > ? ORDER BY id LIMIT 1000", last):
            for (last,) in rows:
                yield PackageID(last)

    def known(self) -> Known:
        """Everything that the records name; here a package that is being built counts as ready."""
        known, last = Known(), ""
        while rows := self._rows(
            "SELECT id, status, build, record FROM packages WHERE id > ? ORDER BY id LIMIT 1000", last
        ):
            for last, status, build, record in rows:
                if status != "failed":
                    known.ready.add(last)
                known.builds.add(build)
                known.uploads.add(_upload(record))
        return known

    def leaving(self) -> set[str]:
        """The zips that the next start of a server removes; none in a folder of an older one."""
        try:
            return {upload for (upload,) in self._rows("SELECT upload FROM leaving")}
        except sqlite3.OperationalError:
            return set()

    def get(self, package_id: PackageID) -> Package | None:
        """Raises ValueError if the record cannot be read, or is not the one that queries take it for."""
        rows = self._rows("SELECT id, name, status, created, build, record FROM packages WHERE id = ?", package_id)
        if not rows:
            return None
        try:
            package = Package.from_record(json.loads(rows[0][-1]))
        except (ValueError, LookupError, TypeError) as error:
            raise ValueError(f"its record cannot be read: {error!r}") from None
        named = (package.id, package.config.name, package.status, package.created, package.build)
        if named != rows[0][:-1]:
            raise ValueError(f"its record says {named}, and is found as {rows[0][:-1]}")
        return package

    def _rows(self, statement: str, *values: object) -> list[tuple[str, ...]]:
        with closing(self._connect()) as connection:
            return connection.execute(statement, values).fetchall()

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._address, uri=True, timeout=30)


def _upload(record: str) -> str:
    """ "" if the record cannot be read, which `get` tells."""
    try:
        return str(json.loads(record)["Upload"])
    except (ValueError, LookupError, TypeError):
        return ""


def _mode(path: Path, running: bool) -> str:
    """Where no server writes and nothing waits in the WAL, SQLite need not even make its own files beside."""
    wal = path.with_name(f"{path.name}-wal")
    waits = wal.exists() and wal.stat().st_size > 0
    return "mode=ro" if running or waits else "mode=ro&immutable=1"
