"""What there is to do for one run: the inputs made, the model called, its output sent."""

import json
from typing import Any, Dict

from jid import message
from jid.encoding import json_bytes
from jid.failure import CANCELLED, RUN_FAILED, Failure
from jid.message import Message
from jid.order import opened
from jid.typed.making import made
from jid.typed.signature import Signature
from jid.work import evidence
from jid.work.line import Line
from jid.work.output import Output, outgoing
from jid.work.reason import told
from jid.work.room import Room


class Task:
    """A model that is set up, and how its runs begin and end. room: the user's directory."""

    def __init__(self, line: Line, model: Any, signature: Signature, room: Room) -> None:
        self.line = line
        self.model = model
        self._signature = signature
        self._room = room

    def inputs(self, order: Message) -> Dict[str, Any]:
        """The arguments of run(). Raises Failure INPUT_INVALID."""
        inputs, files = opened(order.content())
        makers = self._signature.makers if files else self._signature.eager
        if makers or files:
            inputs = made(makers, inputs, self._signature.others)
        return dict(self._signature.defaults, **inputs)

    def item(self, order: Message) -> Any:
        """One input of run_batch(). Raises Failure INPUT_INVALID."""
        if self._signature.item is None:
            return self.inputs(order)
        return made({"": self._signature.item}, {"": opened(order.content()).inputs})[""]

    def answer(self, question: Message) -> None:
        """What is asked beside runs: COMPARE or VERSIONS."""
        asked = question.content()
        told = evidence.compared(*json.loads(asked.decode("utf-8"))) if asked else self._versions()
        self.line.say(message.TOLD, 0, "", json_bytes(told))

    def _versions(self) -> Dict[str, str]:
        with self._room.ours():
            return evidence.versions()

    def is_stream(self, output: Any) -> bool:
        """Whether the items of this output are sent one by one."""
        return hasattr(output, "__next__") or (self._signature.stream and isinstance(output, list))

    def give(self, run: int, output: Any) -> None:
        """Send the whole output of a run. Raises Failure RUN_FAILED."""
        self.line.give(message.OUTPUT, run, *self.sendable(output))

    def give_item(self, run: int, item: Any) -> None:
        """Send one item of a stream. Raises Failure RUN_FAILED."""
        self.line.give(message.ITEM, run, *self.sendable(item))

    def end(self, run: int) -> None:
        """A stream came to its end."""
        self.line.say(message.END, run)

    def sendable(self, value: Any) -> Output:
        """What is sent of a value. Raises Failure RUN_FAILED."""
        try:
            return outgoing(value)
        except Exception as error:
            raise Failure(RUN_FAILED, "the output of run() cannot be sent: {}".format(_reason(error))) from error

    def blamed(self, error: BaseException) -> Failure:
        """The failure that an error of the model's code is."""
        if isinstance(error, Failure):
            return error
        if isinstance(error, KeyboardInterrupt) or type(error).__name__ == "CancelledError":
            return Failure(CANCELLED, "the run was cancelled")
        return Failure(RUN_FAILED, told(error, self._room.source))


def _reason(error: Exception) -> str:
    known = isinstance(error, (TypeError, ValueError, OSError))
    return str(error) if known else "{}: {}".format(type(error).__name__, error)
