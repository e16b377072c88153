"""The model's process: it imports the user's class, sets it up, and runs it for one request after another."""

import os
import select
import socket
import sys
import threading
import time
from typing import Any, BinaryIO, Dict, FrozenSet, Iterator, Optional

from jid import message
from jid.config import Config, read_config
from jid.failure import RUN_FAILED, SETUP_FAILED, Failure, told
from jid.message import Message
from jid.order import opened
from jid.typed.signature import Signature, signature_of
from jid.work.loader import give_way, load_class
from jid.work.output import outgoing

_LAST_WORDS = 2.0  # seconds in which the process may end by itself once the server is gone


def work(descriptor: int, at_start: FrozenSet[str]) -> int:
    """Serve the socket at `descriptor` until the server closes it; at_start: modules that Python had by itself."""
    channel = socket.socket(fileno=descriptor)
    threading.Thread(target=_end_with, args=(channel,), daemon=True).start()
    line = _Line(channel)
    try:
        config = read_config(dict(os.environ))
        make_room(config.source, at_start)
        model = load_class(config)
        signature = signature_of(model, config.source)
        line.say(message.DESCRIBED, body=outgoing(signature.json()).body)
        if line.hear() is None:
            return 0
        return _Worker(line, config, signature, _ready(model, config, line)).serve()
    except Failure as failure:
        line.fail(0, failure)
        return 1


def make_room(source: str, at_start: FrozenSet[str]) -> None:
    """Put the user's directory first and ours last on the import path."""
    sys.path[:] = [source] + sys.path[1:] + sys.path[:1]
    if os.path.isdir(source):
        give_way(source, at_start)


class _Line:
    """The socket to the server, in blocking style."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._incoming: BinaryIO = channel.makefile("rb")
        self._process = os.getpid()

    def hear(self) -> Optional[Message]:
        return message.receive(self._incoming)

    def say(self, kind: str, run: int = 0, note: str = "", body: bytes = b"") -> None:
        if os.getpid() != self._process:  # a fork of the model's that came back from run()
            os._exit(0)
        self._channel.sendall(message.packed(Message(kind, run, note, body)))

    def fail(self, run: int, failure: Failure) -> None:
        self.say(message.FAILED, run, failure.code, failure.detail.encode("utf-8", "replace"))


class _Worker:
    """A model that is set up, and the line on which its runs are ordered."""

    def __init__(self, line: _Line, config: Config, signature: Signature, model: Any) -> None:
        self._line = line
        self._source = config.source
        self._signature = signature
        self._model = model

    def serve(self) -> int:
        while True:
            order = self._line.hear()
            if order is None:
                return 0
            try:
                self._run(order)
            except Failure as failure:
                self._line.fail(order.run, failure)

    def _run(self, order: Message) -> None:
        inputs = dict(self._signature.defaults)
        inputs.update(opened(order.body))
        output = self._guarded(self._model.run, inputs)
        if hasattr(output, "__next__") or (self._signature.stream and isinstance(output, list)):
            self._stream(order.run, iter(output))
            return
        item = self._sendable(output)
        self._line.say(message.OUTPUT, order.run, item.note, item.body)

    def _stream(self, run: int, items: Iterator[Any]) -> None:
        while True:
            try:
                item = next(items)
            except StopIteration:
                break
            except BaseException as error:
                raise Failure(RUN_FAILED, told(error, self._source)) from error
            sendable = self._sendable(item)
            self._line.say(message.ITEM, run, sendable.note, sendable.body)
        self._line.say(message.END, run)

    def _guarded(self, run: Any, inputs: Dict[str, Any]) -> Any:
        try:
            return run(**inputs)
        except BaseException as error:
            raise Failure(RUN_FAILED, told(error, self._source)) from error

    def _sendable(self, value: Any) -> Message:
        try:
            return outgoing(value)
        except (TypeError, ValueError, OSError, RecursionError) as error:
            raise Failure(RUN_FAILED, "the output of run() cannot be sent: {}".format(error)) from error


def _ready(model: type, config: Config, line: _Line) -> Any:
    started = time.monotonic()
    try:
        instance = model()
        setup = getattr(instance, "setup", None)
        if callable(setup):
            setup()
    except BaseException as error:
        raise Failure(SETUP_FAILED, told(error, config.source)) from error
    line.say(message.READY, body=outgoing(time.monotonic() - started).body)
    return instance


def _end_with(channel: socket.socket) -> None:
    """End this process some seconds after the server's end of the socket closed, whatever the model does."""
    poll = select.poll()
    poll.register(channel, 0)  # 0: only that the other side hung up
    poll.poll()
    time.sleep(_LAST_WORDS)
    os._exit(1)
