"""Ports that end the server: at a chosen call, before or after it took effect, and from then on at every call."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from modelserver.ports import Database, Engine, Runner, Sessions, Storage


class Crashed(BaseException):
    """The server is no more. No handler of it may change anything now: each call raises this again."""


@dataclass
class Fuse:
    """calls: so many may still be made; None: any number. after: whether the last one takes effect."""

    calls: int | None = None
    after: bool = False
    burnt: bool = False

    def light(self, calls: int | None, after: bool) -> None:
        self.calls, self.after, self.burnt = calls, after, False

    def call(self, work: Callable[[], Any]) -> Any:
        """Raises Crashed."""
        if self.burnt:
            raise Crashed
        if self.calls is None:
            return work()
        self.calls -= 1
        if self.calls >= 0:
            return work()
        self.burnt = True
        close = getattr(work() if self.after else None, "close", None)
        if close:
            close()
        raise Crashed


class _Frail:
    def __init__(self, port: object, fuse: Fuse) -> None:
        self._port = port
        self._fuse = fuse

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._port, name)
        return (lambda *words: self._fuse.call(lambda: found(*words))) if callable(found) else found


class FrailPorts:
    """Ports whose storage, database and engine share one fuse."""

    def __init__(
        self, storage: Storage, database: Database, engine: Engine, sessions: Sessions, runner: Runner
    ) -> None:
        self.fuse = Fuse()
        self.storage = cast(Storage, _Frail(storage, self.fuse))
        self.database = cast(Database, _Frail(database, self.fuse))
        self.engine = cast(Engine, _Frail(engine, self.fuse))
        self.sessions = sessions
        self.runner = runner
        self.plugged = {"Engine": "memory", "Storage": "files", "Database": "sqlite"}
