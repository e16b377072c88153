"""How many runs a model takes at once: what its class says, or what the operator set."""

import inspect
from typing import Any, NamedTuple, Optional, Tuple

from jid.failure import SIGNATURE_UNSUPPORTED, Failure
from jid.settings import Settings
from jid.typed.place import class_place

_OF_ASYNC = 16  # runs at once of an async model that says nothing
_BATCH = 16
_WAIT = 0.01  # seconds


class Capacity(NamedTuple):
    """concurrency: runs or batches at once. size: runs in a batch, 0 where there are none. wait: in seconds."""

    concurrency: int
    size: int
    wait: float
    is_async: bool

    @property
    def slots(self) -> int:
        """Runs at once, in batches or not."""
        return self.concurrency * max(1, self.size)


def capacity_of(model: type, settings: Settings, source: str) -> Capacity:
    """Raises Failure SIGNATURE_UNSUPPORTED for a number that makes no sense."""
    batch = getattr(model, "run_batch", None)
    runs_async = is_async(batch or getattr(model, "run", None))
    says = _Says(model, source)
    usual = _OF_ASYNC if runs_async and not batch else 1
    concurrency = settings.concurrency or int(says.number("concurrency", usual, (int,), 1))
    size = settings.batch_size or int(says.number("batch_size", _BATCH, (int,), 1))
    wait = says.number("batch_wait", _WAIT, (int, float), 0) if settings.batch_wait is None else settings.batch_wait
    return Capacity(concurrency, size if batch else 0, wait, runs_async)


class _Says:
    """Attributes of the model's class."""

    def __init__(self, model: type, source: str) -> None:
        self._model = model
        self._source = source

    def number(self, name: str, usual: float, kinds: Tuple[type, ...], least: int) -> float:
        value: Any = getattr(self._model, name, None)
        if value is None:
            return usual
        if isinstance(value, bool) or not isinstance(value, kinds) or not value >= least:  # type: ignore[operator]
            place = class_place(self._model, self._source)
            what = "a whole number above 0" if int in kinds and len(kinds) == 1 else "a number of seconds"
            detail = "{}: {} must be {}, not {!r}".format(place, name, what, value)
            raise Failure(SIGNATURE_UNSUPPORTED, detail)
        return float(value)  # type: ignore[arg-type]


def is_async(function: Optional[Any]) -> bool:
    """Whether this is `async def`."""
    body = inspect.unwrap(function) if callable(function) else None
    return inspect.iscoroutinefunction(body) or inspect.isasyncgenfunction(body)
