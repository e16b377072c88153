"""A plain HTTP client: requests as a caller makes them, and raw bytes as an enemy does."""

from __future__ import annotations

import contextlib
import http.client
import json
import socket
import threading
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urlencode

PATIENCE = 20.0
BOUNDARY = "a-boundary-of-the-tests"


class Answer(NamedTuple):
    """A whole answer."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def text(self) -> str:
        return self.body.decode()

    @property
    def type(self) -> str:
        return self.headers["content-type"].partition(";")[0]

    def json(self) -> Any:
        return json.loads(self.body)


class Upload(NamedTuple):
    """A file in a multipart body."""

    name: str
    content: bytes


class Client:
    """Talks to a port of this machine."""

    def __init__(self, port: int) -> None:
        self.port = port

    def get(self, path: str) -> Answer:
        return self.send("GET", path)

    def infer(self, accept: str = "*/*", **inputs: Any) -> Answer:
        """POST /infer with JSON."""
        headers = {"Content-Type": "application/json", "Accept": accept}
        return self.send("POST", "/infer", json.dumps(inputs).encode(), headers)

    def post(self, path: str, value: Any) -> Answer:
        """POST JSON."""
        return self.send("POST", path, json.dumps(value).encode(), {"Content-Type": "application/json"})

    def form(self, *fields: tuple[str, str]) -> Answer:
        """POST /infer with an urlencoded form."""
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        return self.send("POST", "/infer", urlencode(fields).encode(), headers)

    def multipart(self, *fields: tuple[str, str | Upload]) -> Answer:
        """POST /infer with a multipart body."""
        headers = {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}
        return self.send("POST", "/infer", multipart_body(*fields), headers)

    def send(
        self, method: str, path: str, body: bytes | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, dict(headers or {}))
            response = connection.getresponse()
            named = {name.lower(): value for name, value in response.getheaders()}
            return Answer(response.status, named, response.read())
        finally:
            connection.close()

    def raw(self, data: bytes) -> bytes:
        """Send bytes; all that comes back until the server closes."""
        with self.connected() as connection:
            connection.sendall(data)
            return read_all(connection)

    def connected(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)

    def later(self, **inputs: Any) -> Later:
        """Start a request that is not waited for."""
        return Later(self, inputs)


class Later(threading.Thread):
    """A request in a thread of its own."""

    def __init__(self, client: Client, inputs: Mapping[str, Any]) -> None:
        super().__init__(daemon=True)
        self._client = client
        self._inputs = inputs
        self._answer: Answer | None = None
        self.start()

    def run(self) -> None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            self._answer = self._client.infer(**self._inputs)

    def is_cut_off(self) -> bool:
        """Whether it ends, and without an answer."""
        self.join(PATIENCE)
        return not self.is_alive() and self._answer is None

    def answer(self) -> Answer:
        self.join(PATIENCE)
        assert self._answer is not None, "no answer came"
        return self._answer


def multipart_body(*fields: tuple[str, str | Upload]) -> bytes:
    lines = b""
    for name, value in fields:
        lines += f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"'.encode()
        if isinstance(value, Upload):
            lines += f'; filename="{value.name}"\r\nContent-Type: application/octet-stream\r\n\r\n'.encode()
            lines += value.content + b"\r\n"
        else:
            lines += b"\r\n\r\n" + value.encode() + b"\r\n"
    return lines + f"--{BOUNDARY}--\r\n".encode()


def read_all(connection: socket.socket) -> bytes:
    """Everything until the other side closes."""
    found = b""
    while True:
        piece = connection.recv(65536)
        if not piece:
            return found
        found += piece
