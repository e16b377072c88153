"""Cloud Storage on this machine: fake-gcs-server, and in front of it what that server lacks.

Version 1.x of fake-gcs-server knows no objects.moveTo, answers a question for a session's state by finishing the
session (its issue 1362), and does not hold a session to its size. The front does these three as Google documents them
(cloud.google.com/storage/docs/json_api/v1/objects/moveTo, .../performing-resumable-uploads); all else passes through.
It also counts requests. Signatures are checked by neither.
"""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import tempfile
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from tests.cloud.processes import await_port, ended, free_port
from tests.parts import Part, met

_MOVE = re.compile(r"/storage/v1/b/(?P<bucket>[^/]+)/o/(?P<source>[^/]+)/moveTo/o/(?P<target>[^/]+)")
_PART = re.compile(r"bytes (?:(?P<first>\d+)-(?P<last>\d+)|\*)/(?P<total>\d+|\*)")
_ENDS_HERE = {"connection", "keep-alive", "transfer-encoding", "content-length", "server", "date"}


@dataclass(frozen=True)
class Call:
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes = b""

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass
class _Session:
    """Bytes that came so far; how many were announced; the reply that ended it."""

    size: int | None
    data: bytearray = field(default_factory=bytearray)
    end: Reply | None = None


class StorageStandIn:
    """Speaks HTTP on a free port of 127.0.0.1 from `listening` on. calls: what was asked, in order."""

    def __init__(self, upstream: int) -> None:
        self._upstream = upstream
        self._moving = threading.Lock()
        self._sessions: dict[str, _Session] = {}
        self.calls: list[Call] = []

    def answer(self, call: Call) -> Reply:
        self.calls.append(call)
        session = self._sessions.get(call.query.get("upload_id", ""))
        if move := _MOVE.fullmatch(urlsplit(call.target).path):
            return self._move(call, move)
        if session and call.method == "PUT":
            return self._put(call, session)
        reply = self._pass_on(call)
        if call.query.get("uploadType") == "resumable" and reply.status == 200:
            announced = call.headers.get("x-upload-content-length")
            name = parse_qs(urlsplit(reply.headers["Location"]).query)["upload_id"][0]
            self._sessions[name] = _Session(int(announced) if announced else None)
        return reply

    def create_bucket(self, name: str) -> None:
        body = json.dumps({"name": name}).encode()
        reply = self._pass_on(Call("POST", "/storage/v1/b?project=tests", {"Content-Type": "application/json"}, body))
        assert reply.status == 200, reply.body

    def _pass_on(self, call: Call) -> Reply:
        met(Part.STORAGE)
        connection = http.client.HTTPConnection("127.0.0.1", self._upstream, timeout=60)
        try:
            connection.request(call.method, call.target, call.body, dict(call.headers))
            reply = connection.getresponse()
            headers = {name: value for name, value in reply.getheaders() if name.lower() not in _ENDS_HERE}
            return Reply(reply.status, headers, reply.read())
        finally:
            connection.close()

    def _move(self, call: Call, move: re.Match[str]) -> Reply:
        """One step for whoever asks for moves: checked, copied, removed under one lock."""
        objects = f"/storage/v1/b/{move['bucket']}/o"
        source, target = f"{objects}/{move['source']}", f"{objects}/{move['target']}"
        with self._moving:
            there = self._pass_on(Call("GET", source, {}))
            if there.status != 200:
                return there
            generation = json.loads(there.body)["generation"]
            taken = self._pass_on(Call("GET", target, {})).status == 200
            if call.query.get("ifSourceGenerationMatch", generation) != generation:
                return _refusal(412, "the source has another generation")
            if call.query.get("ifGenerationMatch") == "0" and taken:
                return _refusal(412, "the target is there")
            copied = self._pass_on(Call("POST", f"{source}/rewriteTo{target.removeprefix('/storage/v1')}", {}))
            assert copied.status == 200, copied.body
            self._pass_on(Call("DELETE", source, {}))
        return Reply(
            200, {"Content-Type": "application/json"}, json.dumps(json.loads(copied.body)["resource"]).encode()
        )

    def _put(self, call: Call, session: _Session) -> Reply:
        if session.end:
            return session.end
        announced = int(call.headers.get("content-length", len(call.body)))  # more than came, if the client was cut off
        part = _PART.fullmatch(call.headers.get("content-range", f"bytes 0-{announced - 1}/{announced}"))
        if part is None:
            return _refusal(400, "Content-Range cannot be read")
        if part["first"]:
            if int(part["first"]) > len(session.data):
                return _refusal(503, "these bytes would leave a gap")
            session.data[int(part["first"]) :] = call.body
        total = None if part["total"] == "*" else int(part["total"])
        if session.size is not None and max(len(session.data), total or 0) > session.size:
            return _refusal(400, "more bytes than were announced")
        if total is None or len(session.data) < total:
            return _incomplete(session)
        headers = {name: value for name, value in call.headers.items() if name != "content-range"}
        headers["content-length"] = str(total)
        reply = self._pass_on(Call("PUT", call.target, headers, bytes(session.data)))
        session.end = reply
        session.data = bytearray()
        return reply


def _incomplete(session: _Session) -> Reply:
    return Reply(308, {"Range": f"bytes=0-{len(session.data) - 1}"} if session.data else {})


def _refusal(status: int, message: str) -> Reply:
    body = {"error": {"code": status, "message": message}}
    return Reply(status, {"Content-Type": "application/json"}, json.dumps(body).encode())


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, _Handler)
        self.service: StorageStandIn | None = None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _serve(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        assert self.server.service
        reply = self.server.service.answer(
            Call(self.command, self.path, {name.lower(): value for name, value in self.headers.items()}, body)
        )
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(reply.body)))
        with suppress(ConnectionError):  # whoever asked is gone
            self.end_headers()
            self.wfile.write(reply.body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:
        pass


@dataclass(frozen=True)
class Storage:
    """A stand-in that answers. url: for STORAGE_EMULATOR_HOST."""

    url: str
    service: StorageStandIn


@contextmanager
def listening(binary: Path, kind: type[StorageStandIn] = StorageStandIn) -> Iterator[Storage]:
    """Both servers, until the end of the block; what they stored goes with them."""
    server = _Server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{server.server_address[1]}"
    port = free_port()
    command = [str(binary), "-scheme", "http", "-backend", "memory", "-host", "127.0.0.1", "-port", str(port)]
    command += ["-external-url", url, "-public-host", url.removeprefix("http://"), "-log-level", "error"]
    with tempfile.TemporaryFile() as log, ended(subprocess.Popen(command, stdout=log, stderr=log)) as process:
        await_port(port, process)
        server.service = kind(port)
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            yield Storage(url, server.service)
        finally:
            server.shutdown()
            server.server_close()
            thread.join()
