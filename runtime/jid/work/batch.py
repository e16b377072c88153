"""Orders that run_batch() is given at once."""

from typing import Any, Iterable, List

from jid.failure import RUN_FAILED, Failure
from jid.message import Message
from jid.work.task import Task


class Batch:
    """`items` are the inputs that could be made; an order whose input could not has failed already."""

    def __init__(self, task: Task, orders: Iterable[Message]) -> None:
        self._task = task
        self.orders: List[Message] = []
        self.items: List[Any] = []
        for order in orders:
            try:
                item = task.item(order)
            except Failure as failure:
                task.line.fail(order.run, failure)
            else:
                self.orders.append(order)
                self.items.append(item)

    def settle(self, outputs: Any) -> None:
        """Send each order its output; an exception in the list is the failure of its order alone."""
        found = list(outputs) if hasattr(outputs, "__iter__") and not isinstance(outputs, (str, dict)) else []
        if len(found) != len(self.orders):
            what = type(outputs).__name__ if not found else "{} of them".format(len(found))
            detail = "run_batch() must give a list of {} outputs, and gave {}".format(len(self.orders), what)
            self.fail(Failure(RUN_FAILED, detail))
            return
        for order, output in zip(self.orders, found):  # noqa: B905  # strict= came with Python 3.10
            self._settle(order, output)

    def fail(self, error: BaseException) -> None:
        """None of the orders has an output."""
        for order in self.orders:
            self._task.line.fail(order.run, self._task.blamed(error))

    def apart(self) -> "List[Batch]":
        """Each order by itself: where one spoils the batch, only that one fails. Empty where there is one."""
        return [Batch(self._task, [order]) for order in self.orders] if len(self.orders) > 1 else []

    def _settle(self, order: Message, output: Any) -> None:
        try:
            if isinstance(output, BaseException):
                raise output
            self._task.give(order.run, output)
        except BaseException as error:
            self._task.line.fail(order.run, self._task.blamed(error))
