"""One run after another in the main thread, where a signal can interrupt the model."""

import signal
import threading
from typing import Any, Callable, Iterator

from jid import message
from jid.message import Message
from jid.work.task import Task


class Single:
    """Hears orders and carries them out. A cancelled run gets KeyboardInterrupt, as from Ctrl-C."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._current = 0
        self._cancelled = 0
        self._is_inside = False  # the model's own code
        self._main = threading.get_ident()
        signal.signal(signal.SIGINT, self._signalled)

    def serve(self) -> int:
        """Until the server is gone."""
        while True:
            order = self._task.line.hear()
            if order is None:
                return 0
            if order.kind != message.RUN:
                self._task.answer(order)
                continue
            self._current = order.run
            try:
                self._perform(order)
            except BaseException as error:  # KeyboardInterrupt too, if it comes late
                self._task.line.fail(order.run, self._task.blamed(error))

    def cancel(self, run: int) -> None:
        """Interrupt this run, if it is under way or yet to come; called in another thread."""
        self._cancelled = run
        signal.pthread_kill(self._main, signal.SIGINT)

    def _perform(self, order: Message) -> None:
        inputs = self._task.inputs(order)
        output = self._call(lambda: self._task.model.run(**inputs))
        if self._task.is_stream(output):
            self._stream(order.run, iter(output))
        else:
            self._task.give(order.run, output)

    def _stream(self, run: int, items: Iterator[Any]) -> None:
        end = object()
        while True:
            item = self._call(lambda: next(items, end))
            if item is end:
                self._task.end(run)
                return
            self._task.give_item(run, item)

    def _call(self, code: Callable[[], Any]) -> Any:
        """Call the model's code; only in here a signal has an effect."""
        self._is_inside = True
        try:
            if self._cancelled == self._current:
                raise KeyboardInterrupt
            return code()
        finally:
            self._is_inside = False

    def _signalled(self, number: int, frame: Any) -> None:
        if self._is_inside and self._cancelled == self._current:
            self._is_inside = False
            raise KeyboardInterrupt
