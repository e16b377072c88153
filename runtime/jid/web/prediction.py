"""One prediction as Cog's clients know it: it has an ID and a status, and tells others what happens to it."""

import asyncio
from datetime import datetime, timezone
from typing import Any, Callable, Dict, List, Optional

from jid import message
from jid.failure import CANCELLED, INTERNAL, Failure
from jid.keep.keeper import Keeper
from jid.keep.run import Run
from jid.web.answer import value
from jid.web.errand import Errand

STARTING, PROCESSING, SUCCEEDED, FAILED, CANCELED = "starting", "processing", "succeeded", "failed", "canceled"
START, OUTPUT, LOGS, COMPLETED = "start", "output", "logs", "completed"  # what listeners are told of

_LOGS = 65536  # characters of what the model printed that are kept

Listener = Callable[[str, Any], None]  # is given one of the four, and the output's item or what was printed


class Prediction:
    """A run under an ID. failure: why it failed. size: bytes of input and output, roughly."""

    def __init__(self, id_: str, given: Dict[str, Any], order: bytes) -> None:
        self.id = id_
        self.input = given
        self.status = STARTING
        self.failure: Optional[Failure] = None
        self.size = len(order)
        self._order = order
        self._output: Any = None
        self._logs = ""
        self._created = _now()
        self._started: Optional[datetime] = None
        self._completed: Optional[datetime] = None
        self._listeners: List[Listener] = []
        self._task: "Optional[asyncio.Task[None]]" = None

    def listen(self, listener: Listener) -> None:
        """Be told of what happens from now on."""
        self._listeners.append(listener)

    def leave(self, listener: Listener) -> None:
        """Be told no more."""
        if listener in self._listeners:
            self._listeners.remove(listener)

    def begin(self, keeper: Keeper, errand: Errand) -> None:
        """Start; `errand` is closed at the end."""
        self._task = asyncio.get_event_loop().create_task(self._carry_out(keeper, errand))
        self._task.add_done_callback(lambda task: self._close(errand))
        self._tell(START, None)

    def cancel(self) -> None:
        """End it, if it has not ended."""
        if self._task:
            self._task.cancel()

    def is_over(self) -> bool:
        """Whether the status is final."""
        return self._completed is not None

    async def ended(self) -> None:
        """Wait for the end; whoever waits may be cancelled without harm."""
        if self._task:
            await asyncio.wait([self._task])

    def json(self) -> Dict[str, Any]:
        """The prediction object."""
        told: Dict[str, Any] = {"id": self.id, "status": self.status, "input": self.input}
        told["output"] = self._output
        told["error"] = self.failure.detail if self.failure and self.status == FAILED else None
        told["logs"] = self._logs
        told["metrics"] = self._metrics()
        told["created_at"], told["started_at"] = _text(self._created), _text(self._started)
        told["completed_at"] = _text(self._completed)
        return told

    async def _carry_out(self, keeper: Keeper, errand: Errand) -> None:
        try:
            run = errand.begin(await keeper.run(self._order))
            run.listen(self._log)
            self.status, self._started = PROCESSING, _now()
            await self._collect(errand, run)
            self._end(SUCCEEDED, None)
        except Failure as failure:
            self._end(CANCELED if failure.code == CANCELLED else FAILED, failure)
        except asyncio.CancelledError:
            self._end(CANCELED, None)
        except Exception as error:  # such as a file of the output that is gone
            self._end(FAILED, Failure(INTERNAL, "{}: {}".format(type(error).__name__, error)))

    def _close(self, errand: Errand) -> None:
        if not self.is_over():  # it was cancelled before it began
            self._end(CANCELED, None)
        errand.close()

    async def _collect(self, errand: Errand, run: Run) -> None:
        heard = await run.next()
        if heard.kind == message.OUTPUT:
            self._output = value(errand, run, heard)
            self._taken(self._output, heard)
            return
        items: List[Any] = []
        self._output = items
        while heard.kind == message.ITEM:
            items.append(value(errand, run, heard))
            self._taken(items[-1], heard)
            heard = await run.next()

    def _taken(self, item: Any, heard: message.Message) -> None:
        self.size += heard.size()
        self._tell(OUTPUT, item)

    def _log(self, printed: bytes) -> None:
        text = printed.decode("utf-8", "replace")
        self._logs = (self._logs + text)[-_LOGS:]
        self._tell(LOGS, text)

    def _end(self, status: str, failure: Optional[Failure]) -> None:
        self.status, self.failure, self._completed = status, failure, _now()
        self._tell(COMPLETED, None)
        self._listeners.clear()

    def _tell(self, event: str, told: Any) -> None:
        for listener in list(self._listeners):
            listener(event, told)

    def _metrics(self) -> Dict[str, float]:
        if self._started is None or self._completed is None:
            return {}
        return {"predict_time": (self._completed - self._started).total_seconds()}


def _now() -> datetime:
    return datetime.now(timezone.utc)


def _text(time: Optional[datetime]) -> Optional[str]:
    return time.isoformat() if time else None
