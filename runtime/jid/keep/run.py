"""One run under way, from the server's side: what the model gives waits here for the caller."""

import asyncio
from typing import Callable, Optional

from jid import message
from jid.failure import READER_TOO_SLOW, Failure
from jid.keep.spool import Spool
from jid.message import Message

Over = Callable[["Run"], None]


class Run:
    """`next` gives what the model gave, in order. `close` must be called, whatever happens.

    The model's turn ends when the model has finished, however slowly its answer is read. `failure` is
    why the run ended badly; `is_over` tells that the model is done with it.
    """

    def __init__(self, number: int, ready_at: float, spool: Spool, most: int) -> None:
        self.number = number
        self.ready_at = ready_at  # when the set-up had ended, in seconds of time.time
        self.is_over = False
        self.is_closed = False
        self.failure: Optional[Failure] = None
        self.drop: Optional[Callable[[str, "Run"], None]] = None  # is told of a file that nobody takes
        self._spool = spool
        self._most = most
        self._reader: "Optional[asyncio.Future[None]]" = None
        self._timer: Optional[asyncio.TimerHandle] = None
        self._cancel: Optional[Callable[[int], None]] = None
        self._over: Optional[Over] = None
        self._log: Optional[Callable[[bytes], None]] = None

    def watch(self, cancel: Callable[[int], None], over: Optional[Over]) -> None:
        """cancel: tells the model to stop this run. over: is called once when the model is done with it."""
        self._cancel, self._over = cancel, over

    def limit(self, seconds: Optional[float], failure: Failure) -> None:
        """Fail with this failure, and cancel, when the time is over."""
        if seconds is not None:
            self._timer = asyncio.get_event_loop().call_later(seconds, self.fail, failure)

    def listen(self, log: Callable[[bytes], None]) -> None:
        """log: is called with what the model prints, where it is known to be of this run."""
        self._log = log

    @property
    def wants_log(self) -> bool:
        return self._log is not None

    def log(self, printed: bytes) -> None:
        """The model printed this."""
        if self._log and not self.is_closed:
            self._log(printed)

    async def next(self) -> Message:
        """The next OUTPUT, ITEM or END. Raises Failure."""
        while not self._spool:
            if self.failure:
                raise self.failure
            self._reader = asyncio.get_event_loop().create_future()
            await self._reader
        return self._spool.pop()

    def put(self, heard: Message) -> None:
        """The model gave this."""
        if heard.kind != message.ITEM:
            self._end(message.failure_of(heard) if heard.kind == message.FAILED else None)
        if self.is_closed or self.failure:
            self._wake()
            self._dropped(heard)
            return
        if heard.kind == message.ITEM and self._spool.bytes() > self._most:
            detail = "the answer is {} bytes ahead of its reader".format(self._spool.bytes())
            self.fail(Failure(READER_TOO_SLOW, detail))
            return
        self._keep(heard)

    def fail(self, failure: Failure) -> None:
        """Give up the run: its caller gets this failure, the model is told to stop."""
        if self.failure is None and not self.is_over:
            self.failure = failure
            self._wake()
            self._stop()

    def close(self) -> None:
        """No more is wanted. A run that the model has not finished is cancelled."""
        if not self.is_closed:
            self.is_closed = True
            while self._spool:
                self._dropped(self._spool.pop())
            self._spool.close()
            self._stop()

    def _keep(self, heard: Message) -> None:
        try:
            self._spool.push(heard)
        except OSError as error:
            self.fail(Failure(READER_TOO_SLOW, "the answer cannot be kept: {}".format(error)))
        self._wake()

    def _dropped(self, heard: Message) -> None:
        if not isinstance(heard.body, bytes):
            heard.body.close()
        elif self.drop and heard.note == message.FILE:
            self.drop(heard.content().decode("utf-8", "surrogateescape"), self)

    def _end(self, failure: Optional[Failure]) -> None:
        self.is_over = True
        self.failure = self.failure or failure
        if self._timer:
            self._timer.cancel()
        if self._over:
            self._over(self)

    def _stop(self) -> None:
        if self._timer:
            self._timer.cancel()
        if self._cancel and not self.is_over:
            self._cancel(self.number)

    def _wake(self) -> None:
        if self._reader and not self._reader.done():
            self._reader.set_result(None)
