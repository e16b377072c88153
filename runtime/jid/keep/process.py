"""The model's process as the server sees it: spoken to over a socket pair, cancelled, and buried."""

import asyncio
import json
import os
import signal
import time
from typing import Any, Dict, List, NamedTuple, Optional, Union

from jid import message
from jid.failure import MODEL_DIED, TIMED_OUT, Failure
from jid.keep.birth import Born
from jid.keep.printed import Printed
from jid.keep.run import Over, Run
from jid.keep.spool import Spool
from jid.message import Message, Unpacker
from jid.parcel import taken
from jid.typed.shape import Schema

_NOTHING = 0  # the run that messages about the process itself belong to
_POLITE = 3.0  # seconds for a process to end after it was told to
_LEFTOVER = 0.1  # seconds in which what a dead process had sent arrives


class Described(NamedTuple):
    """The model's signature in JSON Schema; slots: how many runs it takes at once."""

    input: Schema
    output: Schema
    stream: bool
    slots: int


class Bounds(NamedTuple):
    """temporary: where answers wait for slow readers, up to `spool` bytes each; grace: seconds for a
    cancelled run to end by itself."""

    temporary: str
    spool: int
    grace: float


class Process(asyncio.Protocol):
    """One process with the model in it. Made by `starting.start`; ends by itself, by `stop` or by `kill`."""

    def __init__(self, born: Born, bounds: Bounds) -> None:
        self._loop = asyncio.get_event_loop()
        self._child = born.child
        self._control = born.orders
        self._road = born.road
        self._shelf = born.shelf
        self._bounds = bounds
        self._unpacker = Unpacker(self._large)
        self._runs: Dict[int, Run] = {}
        self._own: "asyncio.Queue[Message]" = asyncio.Queue()  # about the process itself
        self._last = 0
        self._blame: Optional[Failure] = None
        self._is_condemned = False
        self._is_mixed = False  # what was printed last may be of several runs, whose callers differ
        self._channel: Optional[asyncio.Transport] = None
        self._dead: "asyncio.Future[int]" = self._loop.create_future()
        self._gone: "asyncio.Future[Failure]" = self._loop.create_future()
        self.printed: Printed = None  # type: ignore[assignment]  # set by whoever started it
        self.ready_at = 0.0  # in seconds of time.time, once it is set up

    async def described(self) -> Described:
        """What the model's class takes and gives. Raises Failure when it cannot be imported or read."""
        told = await self._hear()
        return Described(told["Input"], told["Output"], told["Stream"], told["Slots"])

    async def set_up(self, seconds: Optional[float]) -> float:
        """Have the model set up, in so many seconds at most; seconds that it took.

        Raises Failure SETUP_FAILED, MODEL_DIED or TIMED_OUT.
        """
        timer = self.limit(seconds, "setup()")
        self._say(Message(message.SETUP))
        took = float(await self._hear())
        if timer:
            timer.cancel()
        self.ready_at = time.time()
        return took

    async def ask(self, question: Message) -> Any:
        """The answer to COMPARE or VERSIONS. Raises Failure MODEL_DIED."""
        self._say(question)
        return await self._hear()

    def start(self, order: bytes, over: Optional[Over] = None) -> Run:
        """Have the model run once. The caller sees to it that no more run at once than the model takes."""
        self._is_mixed = bool(self._runs)
        if not self._is_mixed:
            self.printed.forget()
        self._last += 1
        run = Run(self._last, self.ready_at, Spool(self._bounds.temporary), self._bounds.spool)
        run.watch(self._cancel, over)
        self._runs[self._last] = run
        self._say(Message(message.RUN, self._last, "", order))
        return run

    def limit(self, seconds: Optional[float], what: str) -> Optional[asyncio.TimerHandle]:
        """Kill the process when the time is over, unless the handle is cancelled; what: "run()" or "setup()"."""
        return None if seconds is None else self._loop.call_later(seconds, self.kill, too_long(what, seconds))

    def kill(self, blame: Optional[Failure] = None) -> None:
        """End the process and all that it started, now; runs under way fail with `blame`."""
        self._blame = self._blame or blame
        try:
            os.killpg(self._child.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        self._abort()

    async def stop(self) -> None:
        """Close the socket, which tells the process to end, and see that it does."""
        if self._channel:
            self._channel.close()
        timer = self._loop.call_later(_POLITE, self.kill)
        await self.ended()
        timer.cancel()

    async def ended(self) -> Failure:
        """Wait for the end of the process, and say how it came."""
        await asyncio.wait([self._gone])  # which, unlike await, leaves the future whole when it is cancelled
        return self._gone.result()

    def is_gone(self) -> bool:
        """Whether nothing of the process is left."""
        return self._gone.done()

    def takes_runs(self) -> bool:
        """Whether the process is neither on its way out nor waits for its end."""
        return self._channel is not None and not self._is_condemned

    def look(self) -> None:
        """Notice a death. Its socket may not show it, because a child of the model's holds it open."""
        if not self._dead.done():
            status = self._child.poll()
            if status is not None:
                self._dead.set_result(status)
                self._loop.call_later(_LEFTOVER, self._abort)

    def hear_print(self, piece: bytes) -> None:
        """The model printed this; whose it is, is known when only one run is under way."""
        if len(self._runs) == 1:
            for run in self._runs.values():
                run.log(piece)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._channel = transport  # type: ignore[assignment]  # a socket's transport reads and writes

    def data_received(self, data: bytes) -> None:
        for heard in self._unpacker.feed(data):
            if heard.run == _NOTHING:
                self._own.put_nowait(heard)
            elif heard.run in self._runs:
                self._give(self._runs[heard.run], heard)

    def connection_lost(self, error: Optional[Exception]) -> None:
        self._channel = None
        os.close(self._control)
        self._road.close()
        self._shelf.close()
        self._loop.create_task(self._bury())

    def _abort(self) -> None:
        if self._channel:
            self._channel.abort()

    def _give(self, run: Run, heard: Message) -> None:
        if heard.kind != message.ITEM:
            if run.wants_log:
                self.printed.read()
            del self._runs[run.number]
        run.put(heard)
        self._end_if_condemned()

    def _cancel(self, number: int) -> None:
        """Tell the model to stop this run; a process that does not get it done in time is replaced."""
        if self._channel:
            self._tell(number)  # if it reads no more, its time will run out
            self._loop.call_later(self._bounds.grace, self._condemn, number)

    def _tell(self, number: int) -> None:
        """Over the pipe, which the model's process reads whatever it does."""
        if self._channel:
            try:
                os.write(self._control, message.NUMBER.pack(number))
            except (BlockingIOError, BrokenPipeError):
                pass

    def _large(self, where: List[int]) -> Union[message.Held, bytes]:
        """What was announced. Raises OSError."""
        return self._shelf.placed(where, lambda start: self._tell(~start)) if where else taken(self._road)

    def _condemn(self, number: int) -> None:
        if number in self._runs:
            self._is_condemned = True
            self._end_if_condemned()

    def _end_if_condemned(self) -> None:
        """Others that run beside one that does not stop come to their end first."""
        if self._is_condemned and all(run.is_closed or run.failure for run in self._runs.values()):
            self.kill()

    async def _hear(self) -> Any:
        heard = await self._own.get()
        if heard.kind == message.FAILED:
            raise message.failure_of(heard)
        return json.loads(heard.content().decode("utf-8"))

    async def _bury(self) -> None:
        """The process is ending: wait for its status and tell all who still wait for its answers.

        Nothing here waits for what the model's children hold, and nothing needs a new thread or process,
        for there may be no room for one.
        """
        timer = self._loop.call_later(_POLITE, self.kill)
        self.look()
        status = await self._dead
        timer.cancel()
        self.kill()  # what it leaves behind in its session
        self.printed.finish()
        await self._shown()
        tail = "" if self._is_mixed else self.printed.tail()
        failure = self._blame or Failure(MODEL_DIED, _obituary(status, tail))
        self._own.put_nowait(message.of_failure(_NOTHING, failure))
        for run in list(self._runs.values()):
            run.put(message.of_failure(run.number, failure))
        self._runs.clear()
        self._gone.set_result(failure)

    async def _shown(self) -> None:
        """Wait a moment until all that was printed has been copied."""
        end = self._loop.time() + 1.0
        while not self.printed.is_shown() and self._loop.time() < end:
            await asyncio.sleep(0.002)

    def _say(self, said: Message) -> None:
        if self._channel:
            self._channel.write(message.packed(said))
        elif self._gone.done():
            failed = message.of_failure(said.run, self._gone.result())
            if said.run == _NOTHING:
                self._own.put_nowait(failed)
            else:
                self._runs.pop(said.run).put(failed)


def too_long(what: str, seconds: float) -> Failure:
    """TIMED_OUT; what: "run()" or "setup()"."""
    return Failure(TIMED_OUT, "{} took longer than {:g} seconds".format(what, seconds))


def _obituary(status: int, tail: str) -> str:
    if status < 0:
        how = "was killed by {}".format(_signal_name(-status))
        if -status == signal.SIGKILL:
            how += " (out of memory, or by hand)"
    else:
        how = "ended with status {}".format(status)
    return "the model's process {}{}".format(how, "; it printed last:\n" + tail if tail else "")


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return "signal {}".format(number)
