"""Runs of an async model: as many at once as are ordered, in one event loop."""

import asyncio
from typing import Any, Dict, List, Optional, Set

from jid import message
from jid.failure import CANCELLED, Failure
from jid.message import Message
from jid.work.batch import Batch
from jid.work.task import Task


class Loop:
    """Hears orders and makes each, or each batch, a task of the event loop. size, wait: as for `Pool`."""

    def __init__(self, task: Task, loop: asyncio.AbstractEventLoop, size: int, wait: float) -> None:
        self._task = task
        self._loop = loop
        self._size = size
        self._wait = wait
        self._newest = 0
        self._tasks: "Dict[int, asyncio.Task[None]]" = {}
        self._cancelled: Set[int] = set()  # before they came
        self._gathered: List[Message] = []
        self._timer: Optional[asyncio.TimerHandle] = None
        self._gone: "asyncio.Future[None]" = loop.create_future()

    def serve(self) -> int:
        """Until the server is gone."""
        self._loop.add_reader(self._task.line.fileno(), self._hear)
        self._loop.run_until_complete(self._gone)
        return 0

    def cancel(self, run: int) -> None:
        """Cancel the task of this run, unless others share its batch; called in another thread."""
        self._loop.call_soon_threadsafe(self._cancel, run)

    def _hear(self) -> None:
        orders = self._task.line.heard()
        if orders is None:
            self._loop.remove_reader(self._task.line.fileno())
            self._gone.set_result(None)
            return
        for order in orders:
            self._newest = max(self._newest, order.run)
            if order.kind != message.RUN:
                self._task.answer(order)
            elif order.run in self._cancelled:
                self._cancelled.remove(order.run)
                self._task.line.fail(order.run, Failure(CANCELLED, "the run was cancelled"))
            else:
                self._take(order)

    def _take(self, order: Message) -> None:
        if not self._size:
            self._tasks[order.run] = self._loop.create_task(self._run(order))
            return
        self._gathered.append(order)
        if len(self._gathered) >= self._size:
            self._begin_batch()
        elif self._timer is None:
            self._timer = self._loop.call_later(self._wait, self._begin_batch)

    def _begin_batch(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
        orders, self._gathered = self._gathered, []
        task = self._loop.create_task(self._run_gathered(orders))
        if len(orders) == 1:
            self._tasks[orders[0].run] = task

    def _cancel(self, run: int) -> None:
        if run in self._tasks:
            self._tasks[run].cancel()
        elif run > self._newest:
            self._cancelled.add(run)

    async def _run(self, order: Message) -> None:
        try:
            output = self._task.model.run(**self._task.inputs(order))
            if hasattr(output, "__await__"):
                output = await output
            await self._give(order.run, output)
        except BaseException as error:
            self._task.line.fail(order.run, self._task.blamed(error))
        finally:
            del self._tasks[order.run]

    async def _give(self, run: int, output: Any) -> None:
        if hasattr(output, "__anext__"):
            async for item in output:
                self._task.give_item(run, item)
            self._task.end(run)
        elif self._task.is_stream(output):
            for item in output:
                self._task.give_item(run, item)
            self._task.end(run)
        else:
            self._task.give(run, output)

    async def _run_gathered(self, orders: List[Message]) -> None:
        try:
            await self._run_batch(Batch(self._task, orders))
        finally:
            self._tasks.pop(orders[0].run, None)

    async def _run_batch(self, batch: Batch) -> None:
        if not batch.orders:
            return
        try:
            outputs = await self._task.model.run_batch(batch.items)
        except asyncio.CancelledError as error:
            batch.fail(error)
        except Exception as error:
            for single in batch.apart():
                await self._run_batch(single)
            if len(batch.orders) == 1:
                batch.fail(error)
        else:
            batch.settle(outputs)
