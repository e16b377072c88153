"""What stands between a client and a server and lets bytes through, until it is told to cut."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from urllib.parse import urlsplit

_CHUNK = 16 * 1024
_REQUEST = re.compile(rb"(GET|POST|PUT|DELETE) (\S+) HTTP/1\.1\r\n")


class Between:
    """Passes connections on to a server. cut_up, cut_down: how many bytes the next connections may carry.

    Each number is for one connection, in the order in which they reach it; with none left nothing is cut.
    """

    def __init__(self, listener: socket.socket, target: tuple[str, int]) -> None:
        self._listener = listener
        self._target = target
        self._sent = bytearray()
        self.cut_up: list[int] = []
        self.cut_down: list[int] = []
        self.carried = 0

    @classmethod
    @contextmanager
    def opened(cls, address: str) -> Iterator[Between]:
        place = urlsplit(address)
        with socket.create_server(("127.0.0.1", 0)) as listener:
            way = cls(listener, (str(place.hostname), place.port or 80))
            threading.Thread(target=way._serve, daemon=True).start()
            yield way
            listener.shutdown(socket.SHUT_RDWR)

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    @property
    def requests(self) -> list[str]:
        """What was asked: method and address."""
        return [f"{method.decode()} {path.decode()}" for method, path in _REQUEST.findall(bytes(self._sent))]

    def headers(self, name: str) -> list[str]:
        """The values of a request header, in order."""
        found = re.findall(rb"\r\n%s: ([^\r]*)" % name.encode(), bytes(self._sent), re.IGNORECASE)
        return [value.decode() for value in found]

    def _serve(self) -> None:
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                threading.Thread(target=self._pass_on, args=(client,), daemon=True).start()

    def _pass_on(self, client: socket.socket) -> None:
        with client, suppress(OSError), socket.create_connection(self._target) as server:
            down = threading.Thread(target=self._down, args=(server, client), daemon=True)
            down.start()
            self._up(client, server)
            down.join()

    def _up(self, client: socket.socket, server: socket.socket) -> None:
        carried = 0
        with suppress(OSError):
            while data := client.recv(_CHUNK):
                carried += len(data)
                self.carried += len(data)
                self._sent += data
                server.sendall(data)
                if self.cut_up and carried >= self.cut_up[0]:
                    del self.cut_up[0]
                    _reset(client, server)
                    return
            server.shutdown(socket.SHUT_WR)

    def _down(self, server: socket.socket, client: socket.socket) -> None:
        carried = 0
        with suppress(OSError):
            while data := server.recv(_CHUNK):
                carried += len(data)
                client.sendall(data)
                if self.cut_down and carried >= self.cut_down[0]:
                    del self.cut_down[0]
                    _reset(client, server)
                    return
            client.shutdown(socket.SHUT_WR)


def _reset(*ends: socket.socket) -> None:
    for end in ends:
        with suppress(OSError):
            end.shutdown(socket.SHUT_RDWR)
