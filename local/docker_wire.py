"""A connection to a server inside a container that has no network: a process started in it carries the bytes.

So nothing of the container is reachable from outside it, by nobody on this machine either, and it works wherever the
engine can be talked to: on this machine, in a virtual machine, far away.
"""

from __future__ import annotations

import io
import socket
import struct
from contextlib import suppress
from typing import Any

from docker import APIClient

_FRAME = struct.Struct(">BxxxL")  # docs.docker.com/reference/api/engine: "Stream format" of attach
_OUTPUT = 1
PORT = 5000

# In the container, with whatever Python it has. It waits for the server to listen, and ends with either side.
_CARRY = f"""
import os, socket, sys, threading, time
end = time.time() + 60
while True:
    try:
        way = socket.create_connection(("127.0.0.1", {PORT}))
        break
    except OSError as error:
        if time.time() > end:
            sys.exit("it does not listen: %s" % error)
        time.sleep(0.02)
way.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
def back():
    try:
        data = way.recv(65536)
        while data:
            view = memoryview(data)
            while view:
                view = view[os.write(1, view):]
            data = way.recv(65536)
    except OSError:
        pass
    os._exit(0)
thread = threading.Thread(target=back)
thread.daemon = True
thread.start()
try:
    data = os.read(0, 65536)
    while data:
        way.sendall(data)
        data = os.read(0, 65536)
    os._exit(0)
except OSError:
    thread.join()
"""


class Frames:
    """What a process in a container prints, as the engine sends it: in frames, each of one stream."""

    def __init__(self, stream: Any) -> None:
        self._stream = stream
        self.socket: Any = getattr(stream, "_sock", stream)
        self._left = 0
        self._kind = 0

    def read_into(self, buffer: memoryview) -> tuple[int, int]:
        """The stream, and how many bytes of it are in the buffer now; 0 at the end."""
        while not self._left:
            head = self._exactly(_FRAME.size)
            if not head:
                return 0, 0
            self._kind, self._left = _FRAME.unpack(head)
        size = int(self.socket.recv_into(buffer[: self._left]))
        self._left -= size
        return self._kind, size

    def close(self) -> None:
        """Whoever reads it wakes up."""
        with suppress(OSError):
            self.socket.shutdown(socket.SHUT_RDWR)
        with suppress(OSError):
            self._stream.close()
        with suppress(OSError):
            self.socket.close()

    def _exactly(self, size: int) -> bytes:
        """b"" at the end."""
        data = b""
        while len(data) < size:
            more = self.socket.recv(size - len(data))
            if not more:
                return b""
            data += more
        return data


class DockerWire:
    """Wire over the input and output of such a process."""

    def __init__(self, api: APIClient, container: str) -> None:
        """Raises docker.errors.APIError when the container has ended."""
        words = ["python", "-I", "-S", "-c", _CARRY]
        made = api.exec_create(container, words, stdin=True, stdout=True, stderr=False)
        self._frames = Frames(api.exec_start(made["Id"], socket=True))

    def fileno(self) -> int:
        return int(self._frames.socket.fileno())

    def send(self, data: memoryview, /) -> int:
        return int(self._frames.socket.send(data))

    def settimeout(self, seconds: float, /) -> None:
        self._frames.socket.settimeout(seconds)

    def makefile(self, mode: Any, /) -> io.BufferedReader:
        return io.BufferedReader(_Output(self._frames), 64 * 1024)

    def close(self) -> None:
        self._frames.close()


class _Output(io.RawIOBase):
    """Its standard output alone."""

    def __init__(self, frames: Frames) -> None:
        self._frames = frames

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any, /) -> int:
        kind, size = self._frames.read_into(memoryview(buffer))
        while size and kind != _OUTPUT:
            kind, size = self._frames.read_into(memoryview(buffer))
        return size
