"""Several runs at once in threads, and runs in batches."""

import queue
import threading
import time
from typing import List

from jid import message
from jid.failure import CANCELLED, Failure
from jid.message import Message
from jid.work.batch import Batch
from jid.work.interrupts import Interrupts
from jid.work.task import Task


class Pool:
    """Hears orders and gives them to threads, one order or one batch to each.

    threads: how many. size: how many orders run_batch() takes at once, 0 for a model with run().
    wait: seconds that an order waits for others to join it.
    """

    def __init__(self, task: Task, threads: int, size: int, wait: float) -> None:
        self._task = task
        self._size = size
        self._wait = wait
        self._orders: "queue.Queue[Message]" = queue.Queue()
        self._gathering = threading.Lock()
        self._interrupts = Interrupts()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(threads)]

    def serve(self) -> int:
        """Until the server is gone."""
        for thread in self._threads:
            thread.start()
        while True:
            order = self._task.line.hear()
            if order is None:
                return 0
            if order.kind != message.RUN:
                self._task.answer(order)
                continue
            self._interrupts.came(order.run)
            self._orders.put(order)

    def cancel(self, run: int) -> None:
        """Interrupt this run, unless others share its batch; called in another thread."""
        self._interrupts.cancel(run)

    def _work(self) -> None:
        while True:
            orders = self._gathered()
            try:
                self._perform(orders)
            except KeyboardInterrupt:  # one that came late
                pass
            self._interrupts.went([order.run for order in orders])

    def _gathered(self) -> List[Message]:
        """Wait for an order, and for those that join it."""
        with self._gathering:
            orders = [self._orders.get()]
            end = time.monotonic() + self._wait
            while len(orders) < self._size:
                try:
                    orders.append(self._orders.get(timeout=max(0.0, end - time.monotonic())))
                except queue.Empty:
                    break
            return orders

    def _perform(self, orders: List[Message]) -> None:
        wanted = []
        for order in orders:
            if self._interrupts.is_cancelled(order.run):
                self._task.line.fail(order.run, Failure(CANCELLED, "the run was cancelled"))
            else:
                wanted.append(order)
        if wanted and self._size:
            self._run_batch(Batch(self._task, wanted))
        elif wanted:
            self._run(wanted[0])

    def _run(self, order: Message) -> None:
        try:
            inputs = self._task.inputs(order)
            with self._interrupts.among([order.run]):
                output = self._task.model.run(**inputs)
                if self._task.is_stream(output):
                    for item in output:
                        self._task.give_item(order.run, item)
                    self._task.end(order.run)
                    return
            self._task.give(order.run, output)
        except BaseException as error:
            self._task.line.fail(order.run, self._task.blamed(error))

    def _run_batch(self, batch: Batch) -> None:
        if not batch.orders:
            return
        try:
            with self._interrupts.among([order.run for order in batch.orders]):
                outputs = self._task.model.run_batch(batch.items)
        except Exception as error:
            for single in batch.apart():
                self._run_batch(single)
            if len(batch.orders) == 1:
                batch.fail(error)
        except BaseException as error:
            batch.fail(error)
        else:
            batch.settle(outputs)
