"""Keeps one process with the model in it alive, and gives it to one request after another."""

import asyncio
from typing import Optional

from jid import message
from jid.config import Config
from jid.failure import IMPORT_FAILED, MODEL_NOT_FOUND, SETUP_FAILED, SIGNATURE_UNSUPPORTED, Failure
from jid.keep import process
from jid.keep.process import Described, Process, Run
from jid.keep.turns import Turns
from jid.message import Message
from jid.web.problem import STOPPING

STARTING, READY, BUSY, FAILED = "starting", "ready", "busy", "failed"

_FOR_GOOD = (MODEL_NOT_FOUND, IMPORT_FAILED, SIGNATURE_UNSUPPORTED)  # trying again would not help
_PATIENCE = 5  # deaths without a good run in between before the model counts as failed
_FIRST_WAIT, _LONGEST_WAIT = 0.025, 30.0  # seconds before a new start; doubled each time


class Running:
    """A request's turn with the model. `close` must be called, whatever happens.

    ready_at: when the model's set-up had ended, in seconds of `time.time`.
    """

    def __init__(self, keeper: "Keeper", run: Run, timer: Optional[asyncio.TimerHandle], ready_at: float) -> None:
        self.ready_at = ready_at
        self._keeper = keeper
        self._run = run
        self._timer = timer
        self._is_over = False
        self._is_closed = False

    async def next(self) -> Message:
        """The next OUTPUT, ITEM or END of the run. Raises Failure."""
        try:
            heard = await self._run.next()
        except Failure:
            self._over()
            raise
        if heard.kind != message.ITEM:
            self._over()
            self._keeper.went_well()
        return heard

    def close(self) -> None:
        """End the turn; what the model has not finished, it finishes unheard before the next turn."""
        if not self._is_closed:
            self._is_closed = True
            if self._is_over:
                self._run.close()
            else:
                asyncio.get_event_loop().create_task(self._hear_out())

    async def _hear_out(self) -> None:
        try:
            while not self._is_over:
                await self.next()
        except Failure:
            pass
        self._run.close()

    def _over(self) -> None:
        if not self._is_over:
            self._is_over = True
            if self._timer:
                self._timer.cancel()
            self._keeper.release()


class Keeper:
    """Starts the model's process, starts it again when it died, and knows how it is."""

    def __init__(self, config: Config, temporary: str) -> None:
        self._config = config
        self._temporary = temporary
        self._turns = Turns()
        self._changed = asyncio.Event()
        self._child: Optional[Process] = None  # from its start on
        self._process: Optional[Process] = None  # the same, once it is set up
        self._described: Optional[Described] = None
        self._deaths = 0
        self._refusal: Optional[Failure] = None
        self.failure: Optional[Failure] = None

    def status(self) -> str:
        """STARTING, READY, BUSY or FAILED; `failure` says why."""
        if self.failure:
            return FAILED
        if self._process is None:
            return STARTING
        return BUSY if self._turns.is_taken() else READY

    async def described(self) -> Described:
        """What the model takes and gives, as soon as it is known. Raises Failure when that fails."""
        while self._described is None:
            if self.failure:
                raise self.failure
            await self._changed.wait()
        return self._described

    async def run(self, order: bytes) -> Running:
        """Wait for a turn and start a run. Raises Failure when the model cannot be had."""
        await self._turns.take()
        try:
            ready = await self._ready()
            run = ready.start(order)
        except BaseException:
            self.release()
            raise
        return Running(self, run, ready.limit(self._config.timeout, "run()"), ready.ready_at)

    def release(self) -> None:
        """Let the next request have its turn."""
        self._turns.give_back()

    def went_well(self) -> None:
        """A run came to its end, so what went wrong before is forgotten."""
        self._deaths = 0

    async def keep(self) -> None:
        """Have a process at all times, until cancelled or the model has failed for good."""
        while True:
            try:
                died = await self._life()
            except Failure as failure:
                died = failure
            self._deaths += 1
            if died.code == SETUP_FAILED or died.code in _FOR_GOOD or self._deaths >= _PATIENCE:
                self.failure = died
            self._tell()
            if died.code in _FOR_GOOD:
                return
            if self._deaths > 1 or self.failure:
                await asyncio.sleep(min(_LONGEST_WAIT, _FIRST_WAIT * 2**self._deaths))

    def look(self) -> None:
        """A child process ended; it may be ours."""
        if self._child:
            self._child.look()

    def refuse(self) -> None:
        """From now on only the run under way is finished."""
        self._refusal = Failure(STOPPING, "the server was told to stop; ask another, or again later")
        self._turns.refuse(self._refusal)
        self._tell()

    async def _life(self) -> Failure:
        """One process from its start to its end, and why it ended."""
        born = await process.start(self._config, temporary=self._temporary)
        self._child = born
        try:
            self._described = await born.described()
            self._tell()
            timer = born.limit(self._config.setup_timeout, "setup()")
            await born.set_up()
            if timer:
                timer.cancel()
            self._process, self.failure = born, None
            self._tell()
            return await born.ended()
        finally:
            self._process = None
            await born.stop()

    async def _ready(self) -> Process:
        while self._process is None or self._process.is_ending():
            if self.failure:
                raise self.failure
            if self._refusal:
                raise self._refusal
            await self._changed.wait()
        return self._process

    def _tell(self) -> None:
        """Wake all who wait for a change, each once."""
        self._changed.set()
        self._changed = asyncio.Event()
