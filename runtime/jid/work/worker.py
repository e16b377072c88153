"""The model's process: it imports the user's class, sets it up, and runs it for one request after another."""

import atexit
import gc
import os
import signal
import socket
import threading
import time
from typing import Any, Callable, FrozenSet, Optional

from jid import message
from jid.config import Config, read_config
from jid.encoding import json_bytes
from jid.failure import SETUP_FAILED, Failure
from jid.settled import settle
from jid.shelf import Shelf
from jid.typed.signature import signature_of
from jid.work.capacity import Capacity, capacity_of, is_async
from jid.work.line import Line
from jid.work.loader import load_class
from jid.work.pool import Pool
from jid.work.reason import told
from jid.work.room import Room
from jid.work.single import Single
from jid.work.task import Task

_LAST_WORDS = 2.0  # seconds in which the process may end by itself once the server is gone


def work(channel: int, road: int, shelf: int, control: int, at_start: FrozenSet[str]) -> int:
    """Serve the socket at `channel` until the server closes it.

    road: a socket for parcels. shelf: a descriptor, or -1. control: a pipe from which the numbers of cancelled runs
    come, and of what the shelf can be cleared of. at_start: modules that Python had by itself.
    """
    atexit.register(_take_along)  # the first to be registered is the last to be called
    shared = Shelf(shelf)
    line = Line(socket.socket(fileno=channel), socket.socket(fileno=road), shared)
    watch = _Watch(control, shared)
    watch.start()
    try:
        config = read_config(dict(os.environ))
        return _serve(line, watch, config, Room(config.source, at_start))
    except Failure as failure:
        line.fail(0, failure)
        return 1


def _serve(line: Line, watch: "_Watch", config: Config, room: Room) -> int:
    room.give()
    settle()
    model = load_class(config)
    signature = signature_of(model, config.source)
    capacity = capacity_of(model, config.settings, config.source)
    line.say(message.DESCRIBED, body=json_bytes(dict(signature.json(), Slots=capacity.slots)))
    if line.hear() is None:
        return 0
    started = time.monotonic()
    loop = _event_loop(room) if _needs_loop(model) else None
    instance = _set_up(model, loop, config.source)
    _freeze()
    performer = _performer(Task(line, instance, signature, room), capacity, loop, room)
    watch.cancel = performer.cancel
    line.say(message.READY, body=json_bytes(time.monotonic() - started))
    return int(performer.serve())


def _set_up(model: type, loop: Any, source: str) -> Any:
    try:
        instance = model()
        setup = getattr(instance, "setup", None)
        given = setup() if callable(setup) else None
        if hasattr(given, "__await__"):
            loop.run_until_complete(given)
        return instance
    except BaseException as error:
        raise Failure(SETUP_FAILED, told(error, source)) from error


def _performer(task: Task, capacity: Capacity, loop: Any, room: Room) -> Any:
    """What hears orders and carries them out: it has `serve` and `cancel`."""
    if capacity.is_async:
        with room.ours():
            from jid.work.loop import Loop
        return Loop(task, loop, capacity.size, capacity.wait)
    if capacity.slots > 1 or capacity.size:
        return Pool(task, capacity.concurrency, capacity.size, capacity.wait)
    return Single(task)


def _needs_loop(model: type) -> bool:
    return any(is_async(getattr(model, name, None)) for name in ("setup", "run", "run_batch"))


def _event_loop(room: Room) -> Any:
    with room.ours():
        import asyncio  # late, as most models do not need it

        loop = asyncio.new_event_loop()
        asyncio.set_event_loop(loop)
        return loop


def _freeze() -> None:
    """What the set-up made stays for good; the garbage collector need not go through it again and again."""
    gc.collect()
    if hasattr(gc, "freeze"):  # from Python 3.7 on
        gc.freeze()


def _take_along() -> None:
    """End the children of this process, and itself; those that it forked inherit this, and have no session."""
    if os.getpgid(0) == os.getpid():
        os.killpg(0, signal.SIGKILL)


class _Watch(threading.Thread):
    """Hears of cancelled runs, of what the shelf can be cleared of, and of the server's end."""

    def __init__(self, control: int, shelf: Shelf) -> None:
        super().__init__(daemon=True)
        self._control = control
        self._shelf = shelf
        self.cancel: Optional[Callable[[int], None]] = None

    def run(self) -> None:
        while True:
            told = os.read(self._control, message.NUMBER.size)  # whole: a pipe does not part what is this small
            if len(told) < message.NUMBER.size:
                break
            (number,) = message.NUMBER.unpack(told)
            if number < 0:
                self._shelf.clear(~number)
            elif self.cancel:
                self.cancel(number)
        self._end()

    def _end(self) -> None:
        """The server is gone: end this process and its children soon, whatever the model does."""
        time.sleep(_LAST_WORDS)
        _take_along()
        os._exit(1)
