"""A model that is kept warm on this machine: how it is started, and the calls and connections that it has."""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Protocol

from modelserver.errors import Unavailable
from modelserver.exchange import Wire, is_quiet
from modelserver.package import Package
from modelserver.settings import Settings

PATIENCE = 15.0
"""Seconds that a call waits for its turn."""

_WIRES = 16  # calls of one model at once: each costs it a connection, and in a container a process
_FRESH = 30.0  # seconds for which a connection at rest is used again; the model's server keeps it for 60


class Started(Protocol):
    """A model that runs on this machine and answers HTTP."""

    def wire(self) -> Wire:
        """A new connection to it. Raises OSError or a Problem if there is none to be had."""

    def lives(self) -> bool: ...

    def said(self) -> str:
        """The last that it printed."""

    def stop(self) -> None:
        """Ends it, whatever it does; nothing of it stays. Again, if asked again."""


class Starter(Protocol):
    """Starts models in one way."""

    @property
    def name(self) -> str:
        """ "docker" or "process"."""

    def start(self, package: Package) -> Started:
        """Raises NotReady if the package has nothing that can be run, Unavailable if nothing can be started."""

    def sweep(self) -> None:
        """At a start: ends what an earlier server of this data folder left."""


@dataclass(eq=False)
class Warm:
    """A model that is started, or about to be. calls: that want it now. since: when the last one ended.

    Both are changed under the runner's lock.
    """

    package: Package
    started: Future[Started] = field(default_factory=Future)
    calls: int = 0
    since: float = 0.0
    _room: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(_WIRES))
    _wires: list[tuple[float, Wire]] = field(default_factory=list)

    def is_dead(self) -> bool:
        return self.started.done() and (self.started.exception() is not None or not self.started.result().lives())

    def wire(self) -> Wire:
        """One at rest, or a new one; give it back. Raises what starting raised, Unavailable, OSError."""
        started = self.started.result()
        if not self._room.acquire(timeout=PATIENCE):
            raise Unavailable(f"{_WIRES} calls of this model are under way.", headers={"Retry-After": "5"})
        try:
            return self._rested() or started.wire()
        except BaseException:
            self._room.release()
            raise

    def give_back(self, wire: Wire, reusable: bool) -> None:
        if reusable:
            self._wires.append((time.monotonic(), wire))
        else:
            wire.close()
        self._room.release()

    def stop(self) -> None:
        """Also of one that is just being started."""
        with suppress(Exception):
            self.started.result().stop()
        while wire := self._rested():
            wire.close()

    def _rested(self) -> Wire | None:
        with suppress(IndexError):
            while True:
                since, wire = self._wires.pop()
                if time.monotonic() - since < _FRESH and is_quiet(wire):
                    return wire
                wire.close()
        return None


def variables(settings: Settings) -> dict[str, str]:
    """Of the runtime: a run ends in time, and calls nobody."""
    return {"JID_TIMEOUT": f"{settings.run_timeout:g}", "JID_WEBHOOKS": "off"}
