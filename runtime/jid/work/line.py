"""The sockets to the server, as the model's process uses them."""

import os
import socket
import threading
from typing import BinaryIO, List, Optional, Union

from jid import message
from jid.failure import Failure
from jid.message import Message, Unpacker
from jid.parcel import LARGE, hand_over, wrapped
from jid.shelf import Shelf

_PIECE = 65536


class Line:
    """Says and hears messages; any thread may say. road, shelf: for large bodies."""

    def __init__(self, channel: socket.socket, road: socket.socket, shelf: Shelf) -> None:
        self._channel = channel
        self._road = road
        self._shelf = shelf
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
        self._check_process()
        with self._lock:
            self._channel.sendall(message.packed(Message(kind, run, note, body)))

    def give(self, kind: str, run: int, note: str, content: Union[str, bytes]) -> None:
        """Send a message with a body that may be large, a text in UTF-8: over the shelf, as a parcel, or as it is."""
        if len(content) < LARGE or not self._give_large(Message(kind, run, note), content):
            body = content.encode("utf-8", "replace") if isinstance(content, str) else content
            self.say(kind, run, note, body)

    def fail(self, run: int, failure: Failure) -> None:
        """Say that a run failed, or with 0 the process."""
        told = message.of_failure(run, failure)
        self.say(told.kind, told.run, told.note, told.content())

    def _give_large(self, said: Message, content: Union[str, bytes]) -> bool:
        self._check_process()
        place = self._shelf.put(content)
        parcel = None if place else wrapped(content)
        with self._lock:  # no other frame between a parcel and its own
            if place is None and not (parcel and hand_over(parcel, self._road)):
                return False
            self._channel.sendall(message.announced(said, place or ()))
        return True

    def _check_process(self) -> None:
        if os.getpid() != self._process:  # a fork of the model's that came back from run()
            os._exit(0)
