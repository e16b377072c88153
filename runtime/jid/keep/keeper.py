"""Keeps one process with the model in it alive, and gives its turns to one request after another."""

import asyncio
import time
from typing import Dict, Optional

from jid.config import Config
from jid.failure import (
    IMPORT_FAILED,
    INTERNAL,
    MODEL_DIED,
    MODEL_NOT_FOUND,
    SETUP_FAILED,
    SIGNATURE_UNSUPPORTED,
    STOPPING,
    Failure,
)
from jid.keep.birth import Born
from jid.keep.process import Described, Process, too_long
from jid.keep.run import Run
from jid.keep.starting import raised, start
from jid.keep.tally import Tally
from jid.keep.turns import Turns

STARTING, READY, BUSY, FAILED = "starting", "ready", "busy", "failed"

_FOR_GOOD = (MODEL_NOT_FOUND, IMPORT_FAILED, SIGNATURE_UNSUPPORTED)  # trying again would not help
_PATIENCE = 5  # deaths without a good run in between before the model counts as failed
_FIRST_WAIT, _LONGEST_WAIT = 0.025, 30.0  # seconds before a new start; doubled each time


class Keeper:
    """Starts the model's process, starts it again when it died, and knows how it is.

    failure: why the status is FAILED. set_up_at: when the last set-up had ended, in seconds of time.time.
    """

    def __init__(self, config: Config, temporary: str, first: Optional[Born]) -> None:
        self._first = first  # a process that runs already
        self._config = config
        self._temporary = temporary
        self._turns = Turns(config.settings.queue)
        self._changed = asyncio.Event()
        self._process: Optional[Process] = None  # once it is set up
        self._described: Optional[Described] = None
        self._deaths = 0
        self._refusal: Optional[Failure] = None
        self._begun: Dict[int, float] = {}  # runs under way: when they began, in seconds of time.monotonic
        self.failure: Optional[Failure] = None
        self.tally = Tally()

    def status(self) -> str:
        """STARTING, READY, BUSY or FAILED; `failure` says why."""
        if self.failure:
            return FAILED
        if self._process is None:
            return STARTING
        return BUSY if self._turns.is_taken() else READY

    def waiting(self) -> int:
        """Requests that wait for their turn."""
        return self._turns.waiting()

    def active(self) -> int:
        """Runs under way."""
        return len(self._begun)

    @property
    def slots(self) -> int:
        """How many runs the model takes at once."""
        return self._turns.slots

    async def described(self) -> Described:
        """What the model takes and gives, as soon as it is known. Raises Failure when that fails."""
        while self._described is None:
            if self.failure:
                raise self.failure
            await self._changed.wait()
        return self._described

    def check_room(self) -> None:
        """Whether one more may wait. Raises Failure QUEUE_FULL."""
        self._turns.check_room()

    async def run(self, order: bytes) -> Run:
        """Wait for a turn and start a run, which its caller must close. Raises Failure when it cannot be had."""
        await self._turns.take()
        try:
            ready = self._process
            if ready is None or not ready.takes_runs():
                ready = await self._ready()
        except BaseException:
            self._turns.give_back(self._turns.seconds)
            raise
        run = ready.start(order, self._over)
        self._begun[id(run)] = time.monotonic()
        if self._config.settings.timeout is not None:
            run.limit(self._config.settings.timeout, too_long("run()", self._config.settings.timeout))
        return run

    async def keep(self) -> None:
        """Have a process at all times, until cancelled or the model has failed for good."""
        while True:
            died = await self._life()
            self._deaths += 1
            if died.code == SETUP_FAILED or died.code in _FOR_GOOD or self._deaths >= _PATIENCE:
                self.failure = died
            self._tell()
            if died.code in _FOR_GOOD:
                return
            if self._deaths > 1 or self.failure:
                await asyncio.sleep(min(_LONGEST_WAIT, _FIRST_WAIT * 2**self._deaths))
            self.tally.restarts += 1

    def refuse(self) -> None:
        """From now on only the runs under way are finished."""
        self._refusal = Failure(STOPPING, "the server was told to stop; ask another, or again later")
        self._turns.refuse(self._refusal)
        self._tell()

    async def _life(self) -> Failure:
        """One process from its start to its end, and why it ended."""
        try:
            born = await self._process_of_its_own()
        except (OSError, RuntimeError) as error:
            return Failure(INTERNAL, "the model's process cannot be started: {}".format(error))
        try:
            self._described = await born.described()
            self._turns.widen(self._described.slots)
            self._tell()
            self.tally.setup_seconds = await born.set_up(self._config.settings.setup_timeout)
            self._process, self.failure = born, None
            self._tell()
            return await born.ended()
        except Failure as failure:
            return failure
        finally:
            self._process = None
            await born.stop()

    async def _process_of_its_own(self) -> Process:
        first, self._first = self._first, None
        if first:
            return await raised(first, self._config, temporary=self._temporary)
        return await start(self._config, temporary=self._temporary)

    async def _ready(self) -> Process:
        while self._process is None or not self._process.takes_runs():
            if self.failure:
                raise self.failure
            if self._refusal:
                raise self._refusal
            await self._changed.wait()
        return self._process

    def _over(self, run: Run) -> None:
        """The model is done with a run."""
        seconds = time.monotonic() - self._begun.pop(id(run))
        self.tally.runs.observe(seconds)
        if run.failure is None or run.failure.code != MODEL_DIED:
            self._deaths = 0  # it came to its end, so what went wrong before is forgotten
        self._turns.give_back(seconds)

    def _tell(self) -> None:
        """Wake all who wait for a change, each once."""
        self._changed.set()
        self._changed = asyncio.Event()
