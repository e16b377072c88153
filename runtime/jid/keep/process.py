"""The model's process as the server sees it: started, spoken to over a socket pair, and buried."""

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import Dict, NamedTuple, Optional

from jid import message
from jid.config import Config
from jid.failure import MODEL_DIED, TIMED_OUT, Failure
from jid.keep.printed import Printed
from jid.message import Message, Unpacker
from jid.typed.schema import Schema

_MAIN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "__main__.py")
_WAITING = 64  # items of a stream that may wait for a slow caller before the model has to
_NOTHING = 0  # the run that messages about the process itself belong to
_POLITE = 3.0  # seconds for a process to end after it was told to


class Described(NamedTuple):
    """The model's signature in JSON Schema."""

    input: Schema
    output: Schema
    stream: bool


class Run:
    """One run under way in the model's process."""

    def __init__(self, process: "Process", number: int) -> None:
        self._process = process
        self._number = number

    async def next(self) -> Message:
        """The next OUTPUT, ITEM or END. Raises Failure RUN_FAILED, MODEL_DIED or TIMED_OUT."""
        return await self._process.hear(self._number)

    def close(self) -> None:
        """No more is wanted; the model itself is not interrupted."""
        self._process.forget(self._number)


class Process(asyncio.Protocol):
    """One process with the model in it. Made by `start`; ends by itself, by `stop` or by `kill`."""

    def __init__(self, child: "subprocess.Popen[bytes]", printed: Printed) -> None:
        self._loop = asyncio.get_event_loop()
        self._child = child
        self._printed = printed
        self._unpacker = Unpacker()
        self._boxes: Dict[int, "asyncio.Queue[Message]"] = {_NOTHING: asyncio.Queue()}
        self._last = 0
        self.ready_at = 0.0  # in seconds of time.time, once it is set up
        self._blame: Optional[Failure] = None
        self._channel: Optional[asyncio.Transport] = None
        self._gone: "asyncio.Future[Failure]" = self._loop.create_future()

    async def described(self) -> Described:
        """What the model's class takes and gives. Raises Failure when it cannot be imported or read."""
        told = json.loads((await self.hear(_NOTHING)).body.decode("utf-8"))
        return Described(told["Input"], told["Output"], told["Stream"])

    async def set_up(self) -> float:
        """Have the model set up; seconds that it took. Raises Failure SETUP_FAILED or MODEL_DIED."""
        self._say(Message(message.SETUP))
        seconds = float((await self.hear(_NOTHING)).body)
        self.ready_at = time.time()
        return seconds

    def start(self, order: bytes) -> Run:
        """Have the model run once. The caller sees to it that one run ends before the next starts."""
        self._last += 1
        self._boxes[self._last] = asyncio.Queue()
        self._say(Message(message.RUN, self._last, "", order))
        return Run(self, self._last)

    def limit(self, seconds: Optional[float], what: str) -> Optional[asyncio.TimerHandle]:
        """Kill the process when the time is over, unless the handle is cancelled; what: "run()" or "setup()"."""
        if seconds is None:
            return None
        failure = Failure(TIMED_OUT, "{} took longer than {:g} seconds".format(what, seconds))
        return self._loop.call_later(seconds, self.kill, failure)

    def kill(self, blame: Optional[Failure] = None) -> None:
        """End the process and all that it started, now; runs under way fail with `blame`."""
        self._blame = self._blame or blame
        try:
            os.killpg(self._child.pid, signal.SIGKILL)
        except (ProcessLookupError, PermissionError):
            pass
        if self._channel:
            self._channel.abort()

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

    def is_ending(self) -> bool:
        """Whether the process is on its way out, or gone."""
        return self._channel is None

    def look(self) -> None:
        """Notice a death that the socket does not show, because a child of the model's holds it open."""
        if self._channel and self._child.poll() is not None:
            self._channel.abort()

    async def hear(self, run: int) -> Message:
        """The next message for a run. Raises Failure for one that tells of a failure."""
        box = self._boxes[run]
        heard = await box.get()
        if self._channel and box.qsize() == _WAITING // 2:
            self._channel.resume_reading()
        if heard.kind == message.FAILED:
            raise Failure(heard.note, heard.body.decode("utf-8"))
        return heard

    def forget(self, run: int) -> None:
        """Drop what else comes for this run."""
        self._boxes.pop(run, None)
        if self._channel:
            self._channel.resume_reading()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._channel = transport  # type: ignore[assignment]  # a socket's transport reads and writes

    def data_received(self, data: bytes) -> None:
        for heard in self._unpacker.feed(data):
            box = self._boxes.get(heard.run)
            if box is not None:
                box.put_nowait(heard)
                if box.qsize() == _WAITING and self._channel:
                    self._channel.pause_reading()

    def connection_lost(self, error: Optional[Exception]) -> None:
        self._channel = None
        self._loop.create_task(self._bury())

    async def _bury(self) -> None:
        """The process is ending: wait for its status and tell all who still wait for its answers."""
        timer = self._loop.call_later(_POLITE, self.kill)
        status = await self._loop.run_in_executor(None, self._child.wait)
        timer.cancel()
        self.kill()  # what it leaves behind in its session
        tail = await self._loop.run_in_executor(None, self._printed.tail)
        failure = self._blame or Failure(MODEL_DIED, _obituary(status, tail))
        told = Message(message.FAILED, 0, failure.code, failure.detail.encode("utf-8", "replace"))
        for box in self._boxes.values():
            box.put_nowait(told)
        self._gone.set_result(failure)

    def _say(self, said: Message) -> None:
        if self._channel:
            self._channel.write(message.packed(said))
        elif self._gone.done():
            failure = self._gone.result()
            self._boxes[said.run].put_nowait(
                Message(message.FAILED, said.run, failure.code, failure.detail.encode("utf-8", "replace"))
            )


async def start(config: Config, limit: Optional[int] = None, temporary: str = "") -> Process:
    """Start a process in a session of its own. limit: bytes of its prints that are copied to our standard error.

    temporary: the directory that `tempfile` gives the model. The process imports the model's class and waits.
    """
    loop = asyncio.get_event_loop()
    ours, theirs = socket.socketpair()
    out, printed_to = os.pipe()
    try:
        child = subprocess.Popen(
            [sys.executable, "-u", _MAIN, "worker", str(theirs.fileno())],
            stdin=subprocess.DEVNULL,
            stdout=printed_to,
            stderr=printed_to,
            pass_fds=[theirs.fileno()],
            cwd=config.source if os.path.isdir(config.source) else "/",
            env=_environment(config, temporary),
            start_new_session=True,
        )
    finally:
        theirs.close()
        os.close(printed_to)
    printed = Printed(out, limit)
    printed.start()
    process = Process(child, printed)
    ours.setblocking(False)
    await loop.create_connection(lambda: process, sock=ours)
    return process


def _environment(config: Config, temporary: str) -> Dict[str, str]:
    environment = dict(os.environ, JID_CONFIG=config.path, JID_SOURCE=config.source)
    if temporary:
        environment["TMPDIR"] = temporary
    return environment


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
