"""What the server's process and the model's process say to each other over a socket pair.

A frame is two unsigned 32-bit lengths (big endian), a head in JSON and a body in bytes. Texts and JSON travel
as they will leave the server, and files by path, so that neither is copied or parsed without need. A large body
does not travel: the head says where on the shelf it lies, or that it is a parcel, which goes before its frame and
over a socket pair of its own.
"""

import json
import struct
from typing import BinaryIO, Callable, List, NamedTuple, Optional, Sequence, Union

from jid.failure import INTERNAL, Failure
from jid.parcel import Parcel
from jid.shelf import Placed

SETUP, RUN, COMPARE, VERSIONS = "setup", "run", "compare", "versions"  # to the model's process
DESCRIBED, READY, TOLD = "described", "ready", "told"  # from it, about itself
OUTPUT, ITEM, END, FAILED = "output", "item", "end", "failed"  # from it, about a run
TEXT, JSON, FILE = "text", "json", "file"  # what an output's or an item's body is

NUMBER = struct.Struct(">q")  # over a pipe: a run to cancel, or ~n for what may be cleared from n on the shelf

_LENGTHS = struct.Struct(">II")

Held = Union[Parcel, Placed]  # a large body
Take = Callable[[List[int]], Union[Held, bytes]]  # fetches one; raises OSError


class Message(NamedTuple):
    """`note` is TEXT, JSON or FILE for an output, and the code for a failure.

    `run` is the number of the run that it belongs to, 0 for none.
    """

    kind: str
    run: int = 0
    note: str = ""
    body: Union[bytes, Held] = b""

    def content(self) -> bytes:
        """The body, wherever it is. Raises OSError."""
        return self.body if isinstance(self.body, bytes) else self.body.read()

    def size(self) -> int:
        """Bytes of the body."""
        return len(self.body) if isinstance(self.body, bytes) else self.body.size


def of_failure(run: int, failure: Failure) -> Message:
    """A failure of a run, or with 0 of the process, as it travels."""
    body = json.dumps([failure.detail, failure.pointer]).encode("ascii")
    return Message(FAILED, run, failure.code, body)


def failure_of(message: Message) -> Failure:
    """The failure that a FAILED message tells of."""
    detail, pointer = json.loads(message.content().decode("ascii"))
    return Failure(message.note, detail, pointer)


def packed(message: Message) -> bytes:
    """The message as one frame, which holds its body."""
    body = message.content()
    head = json.dumps([message.kind, message.run, message.note]).encode("ascii")
    return b"".join((_LENGTHS.pack(len(head), len(body)), head, body))


def announced(message: Message, where: Sequence[int]) -> bytes:
    """The frame of a message whose body is at a place on the shelf, or without one a parcel that was sent before."""
    head = json.dumps([message.kind, message.run, message.note, where]).encode("ascii")
    return _LENGTHS.pack(len(head), 0) + head


def receive(stream: BinaryIO) -> Optional[Message]:
    """Wait for the next message; None when the other side is gone."""
    lengths = stream.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    head_size, body_size = _LENGTHS.unpack(lengths)
    rest = stream.read(head_size + body_size)
    return _message(rest[:head_size], rest[head_size:]) if len(rest) == head_size + body_size else None


class Unpacker:
    """Messages out of bytes that arrive in pieces of any size. take: fetches large bodies, if there are any."""

    def __init__(self, take: Optional[Take] = None) -> None:
        self._buffer = bytearray()
        self._take = take

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
            with memoryview(self._buffer) as view:
                told, body = bytes(view[head : head + head_size]), bytes(view[head + head_size : end])
            found.append(_message(told, body, self._take))
            start = end
        del self._buffer[:start]
        return found


def _message(head: bytes, body: bytes, take: Optional[Take] = None) -> Message:
    kind, run, note, *where = json.loads(head.decode("ascii"))
    if not where or take is None:
        return Message(kind, run, note, body)
    try:
        return Message(kind, run, note, take(where[0]))
    except OSError as error:
        return of_failure(run, Failure(INTERNAL, "an answer of the model was lost: {}".format(error)))
