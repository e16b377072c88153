"""Records in one SQLite file."""

from __future__ import annotations

import queue
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from modelserver.errors import NoSpace
from modelserver.package import Package, PackageID
from modelserver.paging import cursor, position
from modelserver.ports import Page, Query
from modelserver.record import Record, written

_IDLE = 8
_LONGEST_DELETION = 3600.0
# With rowids, so that records lie in the order in which they came: in the order of their IDs, a page of the newest
# 100 among 100,000 was read from a hundred places (2.7 ms instead of 0.1).
_SCHEMA = (
    "CREATE TABLE IF NOT EXISTS packages (id TEXT PRIMARY KEY, name TEXT NOT NULL, status TEXT NOT NULL,"
    " created TEXT NOT NULL, build TEXT NOT NULL, record TEXT NOT NULL)",
    "CREATE INDEX IF NOT EXISTS newest ON packages (status, created DESC, id DESC)",
    "CREATE INDEX IF NOT EXISTS newest_of_all ON packages (created DESC, id DESC)",
    "CREATE INDEX IF NOT EXISTS newest_of_name ON packages (name, created DESC, id DESC)",
    # What a record named that is no more: should the server die before that is removed too, its next start does it.
    "CREATE TABLE IF NOT EXISTS leaving (upload TEXT PRIMARY KEY, since REAL NOT NULL, record TEXT NOT NULL)",
)


class SQLiteDatabase:
    """Port Database. WAL, and synchronous=FULL: what is answered has reached the disk (sqlite.org/pragma)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._idle: queue.LifoQueue[sqlite3.Connection] = queue.LifoQueue()
        with self._connection() as connection:
            for statement in _SCHEMA:
                connection.execute(statement)

    def claim(self, package: Package) -> Package:
        with self._transaction() as connection:
            connection.execute(
                "INSERT INTO packages VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO NOTHING", _row(package)
            )
            known = connection.execute("SELECT record FROM packages WHERE id = ?", (package.id,)).fetchone()
        return _package(known)

    def get(self, package_id: PackageID) -> Package | None:
        with self._connection() as connection:
            row = connection.execute("SELECT record FROM packages WHERE id = ?", (package_id,)).fetchone()
        return _package(row) if row else None

    def swap(self, old: Package, new: Package) -> bool:
        with self._transaction() as connection:
            done = connection.execute(
                "UPDATE packages SET id = ?, name = ?, status = ?, created = ?, build = ?, record = ?"
                " WHERE id = ? AND build = ? AND status = ?",
                (*_row(new), old.id, old.build, old.status),
            )
            if done.rowcount and new.upload != old.upload:
                connection.execute("DELETE FROM leaving WHERE upload = ?", (new.upload,))
                _leave(connection, old)
        return done.rowcount == 1

    def list(self, query: Query) -> Page:
        where, values = _conditions(query)
        # The text is ours: values are bound, `where` is made of constants.
        text = f"SELECT record FROM packages {where} ORDER BY created DESC, id DESC LIMIT ?"  # noqa: S608
        with self._connection() as connection:
            rows = connection.execute(text, (*values, query.limit + 1)).fetchall()
        records = tuple(Record(text) for (text,) in rows[: query.limit])
        return Page(records, cursor(records[-1].package) if len(rows) > query.limit else "")

    def delete(self, package: Package) -> bool:
        with self._transaction() as connection:
            done = connection.execute(
                "DELETE FROM packages WHERE id = ? AND build = ? AND status = ?",
                (package.id, package.build, package.status),
            )
            if done.rowcount:
                _leave(connection, package)
        return done.rowcount == 1

    def leaving(self) -> tuple[Package, ...]:
        """Deleted or replaced in the last hour: what they named may be there still, if the server died then."""
        with self._connection() as connection:
            rows = connection.execute("SELECT record FROM leaving").fetchall()
        return tuple(map(_package, rows))

    def left(self, package: Package) -> None:
        """Nothing of it is there any more."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM leaving WHERE upload = ?", (package.upload,))

    def close(self) -> None:
        while not self._idle.empty():
            self._idle.get().close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        with self._connection() as connection:
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException as error:
                if connection.in_transaction:
                    connection.execute("ROLLBACK")
                if isinstance(error, sqlite3.OperationalError) and "disk is full" in str(error):
                    raise NoSpace("The disk is full: the record could not be written.") from error
                raise

    @contextmanager
    def _connection(self) -> Iterator[sqlite3.Connection]:
        """One that no other thread uses meanwhile."""
        try:
            connection = self._idle.get_nowait()
        except queue.Empty:
            connection = self._connect()
        try:
            yield connection
        finally:
            if self._idle.qsize() < _IDLE:
                self._idle.put(connection)
            else:
                connection.close()

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=30, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection


def _row(package: Package) -> tuple[str, ...]:
    return package.id, package.config.name, package.status, package.created, package.build, written(package)


def _package(row: tuple[str]) -> Package:
    return Record(row[0]).package


def _leave(connection: sqlite3.Connection, package: Package) -> None:
    now = time.time()
    connection.execute("DELETE FROM leaving WHERE since < ?", (now - _LONGEST_DELETION,))
    connection.execute("INSERT OR REPLACE INTO leaving VALUES (?, ?, ?)", (package.upload, now, _row(package)[-1]))


def _conditions(query: Query) -> tuple[str, list[str]]:
    conditions: dict[str, list[str]] = {}
    if query.status:
        conditions["status = ?"] = [query.status]
    if query.name:
        conditions["name = ?"] = [query.name]
    if query.after:
        conditions["(created, id) < (?, ?)"] = list(position(query.after))
    where = " AND ".join(conditions)
    return (f"WHERE {where}" if where else ""), [value for values in conditions.values() for value in values]
