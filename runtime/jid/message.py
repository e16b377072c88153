"""What the server's process and the model's process say to each other over a socket pair.

A frame is two unsigned 32-bit lengths (big endian), a head in JSON and a body in bytes. Texts and JSON travel
as they will leave the server, and files by path, so that neither is copied or parsed without need.
"""

import json
import struct
from typing import BinaryIO, List, NamedTuple, Optional

from jid.failure import Failure

SETUP, RUN, COMPARE, VERSIONS = "setup", "run", "compare", "versions"  # to the model's process
DESCRIBED, READY, TOLD = "described", "ready", "told"  # from it, about itself
OUTPUT, ITEM, END, FAILED = "output", "item", "end", "failed"  # from it, about a run
TEXT, JSON, FILE = "text", "json", "file"  # what an output's or an item's body is

_LENGTHS = struct.Struct(">II")


class Message(NamedTuple):
    """`note` is TEXT, JSON or FILE for an output, and the code for a failure.

    `run` is the number of the run that it belongs to, 0 for none.
    """

    kind: str
    run: int = 0
    note: str = ""
    body: bytes = b""


def of_failure(run: int, failure: Failure) -> Message:
    """A failure of a run, or with 0 of the process, as it travels."""
    body = json.dumps([failure.detail, failure.pointer]).encode("ascii")
    return Message(FAILED, run, failure.code, body)


def failure_of(message: Message) -> Failure:
    """The failure that a FAILED message tells of."""
    detail, pointer = json.loads(message.body.decode("ascii"))
    return Failure(message.note, detail, pointer)


def packed(message: Message) -> bytes:
    """The message as one frame."""
    head = json.dumps([message.kind, message.run, message.note]).encode("ascii")
    return b"".join((_LENGTHS.pack(len(head), len(message.body)), head, message.body))


def receive(stream: BinaryIO) -> Optional[Message]:
    """Wait for the next message; None when the other side is gone."""
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    head_size, body_size = _LENGTHS.unpack(lengths)
    rest = stream.read(head_size + body_size)
    return _message(rest[:head_size], rest[head_size:]) if len(rest) == head_size + body_size else None


class Unpacker:
    """Messages out of bytes that arrive in pieces of any size."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def pending(self) -> int:
        """Bytes of a message that is not complete yet."""
        return len(self._buffer)

    def feed(self, data: bytes) -> List[Message]:
        """The messages that are complete now."""
        self._buffer += data
        found: List[Message] = []
        start = 0
        while len(self._buffer) - start >= _LENGTHS.size:
            head_size, body_size = _LENGTHS.unpack_from(self._buffer, start)
            head = start + _LENGTHS.size
            end = head + head_size + body_size
            if len(self._buffer) < end:
                break
            found.append(
                _message(bytes(self._buffer[head : head + head_size]), bytes(self._buffer[head + head_size : end]))
            )
            start = end
        del self._buffer[:start]
        return found


def _message(head: bytes, body: bytes) -> Message:
    kind, run, note = json.loads(head.decode("ascii"))
    return Message(kind, run, note, body)
