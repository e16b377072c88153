"""A service's own address: who brings an ID token made for it is led to an instance, byte for byte."""

from __future__ import annotations

import contextlib
import re
import socket
import threading

from google.auth import jwt

from tests.cloud.cloudrun_standin.instance import Instance, NotStarted

_BEARER = re.compile(rb"(?im)^authorization: bearer (\S+)\r?$")
_PIECE = 64 * 1024


class Door:
    """It listens on loopback until it is closed. refused, let_in: how many calls."""

    def __init__(self, instance: Instance) -> None:
        self._instance = instance
        self._listening = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listening.getsockname()[1]}"
        self.refused = 0
        self.let_in = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        with contextlib.suppress(OSError):
            self._listening.shutdown(socket.SHUT_RDWR)
        self._listening.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                caller, _ = self._listening.accept()
                threading.Thread(target=self._serve, args=(caller,), daemon=True).start()

    def _serve(self, caller: socket.socket) -> None:
        with caller, contextlib.suppress(OSError):
            head = b""
            while b"\r\n\r\n" not in head:
                more = caller.recv(_PIECE)
                if not more:
                    return
                head += more
            head, _, rest = head.partition(b"\r\n\r\n")
            if not self._is_invited(head):
                self.refused += 1
                caller.sendall(_page(403, "Forbidden"))
                return
            self.let_in += 1
            lines = [line for line in head.split(b"\r\n") if not _BEARER.match(line)]
            self._lead(caller, b"\r\n".join([*lines, b"Connection: close", b"", rest]))

    def _is_invited(self, head: bytes) -> bool:
        """As Google's front end: the token is for this audience, and nobody's other."""
        found = _BEARER.search(head)
        if not found:
            return False
        try:
            return bool(jwt.decode(found[1].decode(), verify=False)["aud"] == self.url)
        except (ValueError, KeyError):
            return False

    def _lead(self, caller: socket.socket, head: bytes) -> None:
        try:
            way = socket.create_connection(("127.0.0.1", self._instance.port()))
        except (NotStarted, OSError):
            caller.sendall(_page(503, "Service Unavailable"))
            return
        with way:
            way.sendall(head)
            there = threading.Thread(target=_carry, args=(caller, way), daemon=True)
            there.start()
            _carry(way, caller)
            with contextlib.suppress(OSError):
                caller.shutdown(socket.SHUT_RDWR)
            there.join()


def _carry(source: socket.socket, sink: socket.socket) -> None:
    """Until the source ends; then the sink is told."""
    with contextlib.suppress(OSError):
        while data := source.recv(_PIECE):
            sink.sendall(data)
    with contextlib.suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _page(status: int, title: str) -> bytes:
    """As a page: so does Google's front end."""
    body = f"<html><title>{title}</title></html>".encode()
    return (
        f"HTTP/1.1 {status} {title}\r\nContent-Type: text/html\r\nContent-Length: {len(body)}\r\n"
        "Connection: close\r\n\r\n"
    ).encode() + body
