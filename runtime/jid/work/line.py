"""The sockets to the server, as the model's process uses them."""

import os
import socket
import threading
from typing import BinaryIO, List, Optional

from jid import message
from jid.failure import Failure
from jid.message import Message, Unpacker
from jid.parcel import hand_over

_PIECE = 65536


class Line:
    """Says and hears messages; any thread may say. road: for parcels."""

    def __init__(self, channel: socket.socket, road: socket.socket) -> None:
        self._channel = channel
        self._road = road
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
        self.send(Message(kind, run, note, body))

    def send(self, said: Message) -> None:
        """Send a message; a parcel in it is given away."""
        if os.getpid() != self._process:  # a fork of the model's that came back from run()
            os._exit(0)
        with self._lock:  # no other frame between a parcel and its own
            self._channel.sendall(self._framed(said))
        if not isinstance(said.body, bytes):
            said.body.close()

    def fail(self, run: int, failure: Failure) -> None:
        """Say that a run failed, or with 0 the process."""
        self.send(message.of_failure(run, failure))

    def _framed(self, said: Message) -> bytes:
        if isinstance(said.body, bytes) or not hand_over(said.body, self._road):
            return message.packed(said)
        return message.announced(said)
