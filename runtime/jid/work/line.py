"""The socket to the server, as the model's process uses it."""

import os
import socket
import threading
from typing import BinaryIO, List, Optional

from jid import message
from jid.failure import Failure
from jid.message import Message, Unpacker

_PIECE = 65536


class Line:
    """Says and hears messages; any thread may say."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel
        self._incoming: BinaryIO = channel.makefile("rb")
        self._unpacker = Unpacker()
        self._lock = threading.Lock()
        self._process = os.getpid()

    def fileno(self) -> int:
        """For those who wait for messages with others."""
        return self._channel.fileno()

    def hear(self) -> Optional[Message]:
        """Wait for the next message; None when the server is gone."""
        return message.receive(self._incoming)

    def heard(self) -> Optional[List[Message]]:
        """What has arrived, without waiting; None when the server is gone. Not to be mixed with `hear`."""
        try:
            piece = self._channel.recv(_PIECE, socket.MSG_DONTWAIT)
        except BlockingIOError:
            return []
        return self._unpacker.feed(piece) if piece else None

    def say(self, kind: str, run: int = 0, note: str = "", body: bytes = b"") -> None:
        """Send a message."""
        if os.getpid() != self._process:  # a fork of the model's that came back from run()
            os._exit(0)
        with self._lock:
            self._channel.sendall(message.packed(Message(kind, run, note, body)))

    def fail(self, run: int, failure: Failure) -> None:
        """Say that a run failed, or with 0 the process."""
        told = message.of_failure(run, failure)
        self.say(told.kind, told.run, told.note, told.body)
