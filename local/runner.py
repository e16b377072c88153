"""Models run on this machine: started at need, stopped when at rest, never in the midst of a call."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, replace

from local.warm import PATIENCE, Starter, Warm
from modelserver.errors import NoAnswer, Problem, Unavailable
from modelserver.exchange import Wire, exchange
from modelserver.package import Package
from modelserver.ports import Call, Reply

_GRACE = 30.0  # seconds beyond the time of a run: for the start, the set-up, the way


@dataclass(frozen=True)
class Warmth:
    """count: models at once. idle: seconds of rest before a model is stopped. run: seconds for one run."""

    count: int
    idle: float
    run: float


class LocalRunner:
    """Port Runner. A model is named by its build: content that is deleted and uploaded again is another one."""

    def __init__(self, starter: Starter, warmth: Warmth) -> None:
        self._starter = starter
        self._warmth = warmth
        self._changed = threading.Condition()
        self._warm: dict[str, Warm] = {}
        self._closing = False
        self._reaper = threading.Thread(target=self._reap, name="reaper", daemon=True)

    @property
    def name(self) -> str:
        return self._starter.name

    def open(self) -> None:
        """Before the first call: ends what an earlier server left."""
        self._starter.sweep()
        self._reaper.start()

    def infer(self, package: Package, call: Call) -> Reply:
        warm, fresh = self._taken(package)
        turn = _Turn(self, warm)
        try:
            return replace(self._asked(turn, call), started=fresh)
        except BaseException:
            turn.end(False)
            raise

    def remove(self, package: Package) -> None:
        with self._changed:
            warm = self._warm.pop(package.build, None)
            self._changed.notify_all()
        if warm:
            warm.stop()

    def close(self) -> None:
        """Stops every model."""
        with self._changed:
            self._closing = True
            all_warm, self._warm = list(self._warm.values()), {}
            self._changed.notify_all()
        for warm in all_warm:
            warm.stop()
        self._reaper.join()

    def ended(self, warm: Warm) -> None:
        """A call of it has."""
        with self._changed:
            warm.calls -= 1
            warm.since = time.monotonic()
            self._changed.notify_all()

    def _asked(self, turn: _Turn, call: Call) -> Reply:
        try:
            wire = turn.begin()
            return exchange(wire, "model", call, self._warmth.run + _GRACE, turn.end)
        except OSError as error:
            raise NoAnswer(f"The model cannot be reached: {error}. {turn.last_words()}") from None
        except NoAnswer as problem:
            raise NoAnswer(f"{problem.detail} {turn.last_words()}") from None

    def _taken(self, package: Package) -> tuple[Warm, bool]:
        """The package's model with one call more, and whether it was started for it."""
        gone: list[Warm] = []
        with self._changed:
            warm = self._find(package, gone)
            fresh = warm is None
            if warm is None:
                self._make_room(gone)
                warm = self._warm[package.build] = Warm(package)
            warm.calls += 1
        for each in gone:
            each.stop()
        if fresh:
            self._start(warm)
        return warm, fresh

    def _find(self, package: Package, gone: list[Warm]) -> Warm | None:
        """gone: where one goes that has died meanwhile. Raises Unavailable."""
        if self._closing:
            raise Unavailable("The server is ending.")
        warm = self._warm.get(package.build)
        if warm and warm.is_dead():
            gone.append(self._warm.pop(package.build))
            return None
        return warm

    def _make_room(self, gone: list[Warm]) -> None:
        """Waits for its turn while all are busy. Raises Unavailable when that takes too long."""
        until = time.monotonic() + PATIENCE
        while len(self._warm) >= self._warmth.count:
            resting = [warm for warm in self._warm.values() if not warm.calls]
            if resting:
                gone.append(self._warm.pop(min(resting, key=lambda warm: warm.since).package.build))
            elif not self._changed.wait(until - time.monotonic()) or self._closing:
                raise Unavailable(
                    f"{self._warmth.count} other models are busy (MODELSERVER_RUNNERS).", headers={"Retry-After": "10"}
                )

    def _start(self, warm: Warm) -> None:
        """Whoever waits for it gets what this raises too."""
        try:
            warm.started.set_result(self._starter.start(warm.package))
        except BaseException as error:
            warm.started.set_exception(error if isinstance(error, Problem) else Unavailable("It could not be started."))
            with self._changed:
                if self._warm.get(warm.package.build) is warm:
                    del self._warm[warm.package.build]
                warm.calls -= 1
                self._changed.notify_all()
            raise

    def _reap(self) -> None:
        pause = max(0.05, min(self._warmth.idle / 4, 10.0))
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closing, pause)
                if self._closing:
                    return
                until = time.monotonic() - self._warmth.idle
                gone = [warm for warm in self._warm.values() if not warm.calls and warm.since <= until]
                for warm in gone:
                    del self._warm[warm.package.build]
            for warm in gone:
                warm.stop()


class _Turn:
    """One call's turn with a model. It ends once."""

    def __init__(self, runner: LocalRunner, warm: Warm) -> None:
        self._runner = runner
        self._warm = warm
        self._wire: Wire | None = None
        self._over = False

    def begin(self) -> Wire:
        self._wire = self._warm.wire()
        return self._wire

    def end(self, reusable: bool) -> None:
        if self._over:
            return
        self._over = True
        if self._wire:
            self._warm.give_back(self._wire, reusable)
        self._runner.ended(self._warm)

    def last_words(self) -> str:
        said = self._warm.started.result().said()
        return f"The last that it said: {said}" if said else ""
