"""The REST API: projects.builds and projects.locations.builds, create, get, list, cancel, and operations."""

from __future__ import annotations

import base64
import json
import re
import threading
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from google.cloud.devtools.cloudbuild_v1 import Build
from google.protobuf import json_format

from modelserver.jsontypes import Object
from tests.cloud.cloudbuild_standin.service import TERMINAL, Builds, Refused
from tests.parts import Part, met

_PLACE = r"/v1/projects/(?P<project>[\w.:-]+)(?:/locations/(?P<location>[\w-]+))?"
_REASONS = {400: "INVALID_ARGUMENT", 404: "NOT_FOUND"}
_Arguments = dict[str, str]


class CloudBuild:
    """The stand-in, listening on loopback while it is open. changed, at_once: as of Builds. port: 0 for a free one."""

    def __init__(
        self,
        storage: str,
        changed: Callable[[Build, bool], None] = lambda build, last: None,
        port: int = 0,
        at_once: int = 2,
    ):
        self.builds = Builds(storage, changed, at_once)
        handler = type("Handler", (_Handler,), {"builds": self.builds})
        self._server = ThreadingHTTPServer(("127.0.0.1", port), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> CloudBuild:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.builds.close()
        self._server.shutdown()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    builds: ClassVar[Builds]

    def do_GET(self) -> None:
        self._answer("GET")

    def do_POST(self) -> None:
        self._answer("POST")

    def log_message(self, *_: object) -> None:
        """Nothing: the tests read answers."""

    def _answer(self, method: str) -> None:
        met(Part.CLOUD_BUILD)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            status, answer = 200, self._dispatch(method, body)
        except Refused as refused:
            status = refused.status
            error: Object = {"code": status, "message": str(refused), "status": _REASONS[status]}
            answer = {"error": error}
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _dispatch(self, method: str, body: bytes) -> Object:
        address = urlsplit(self.path)
        query = {key: values[-1] for key, values in parse_qs(address.query).items()}
        for verb, pattern, action in _ACTIONS:
            match = re.fullmatch(pattern, address.path)
            if match and verb == method:
                return action(self.builds, {**match.groupdict(default="global"), **query}, body)
        raise Refused(404, f"no method of this stand-in: {method} {address.path}")


def _create(builds: Builds, arguments: _Arguments, body: bytes) -> Object:
    build = Build()
    try:
        json_format.Parse(body, Build.pb(build))
    except json_format.ParseError as error:
        raise Refused(400, f"Invalid JSON payload received: {error}") from None
    return _operation(builds.create(arguments["project"], arguments["location"], build))


def _get(builds: Builds, arguments: _Arguments, body: bytes) -> Object:
    return _json(builds.get(arguments["id"]))


def _list(builds: Builds, arguments: _Arguments, body: bytes) -> Object:
    start, size = int(arguments.get("pageToken") or 0), int(arguments.get("pageSize") or 100)
    found = builds.list(arguments.get("filter", ""))
    page: Object = {"builds": [_json(build) for build in found[start : start + size]]}
    return page | ({"nextPageToken": str(start + size)} if len(found) > start + size else {})


def _cancel(builds: Builds, arguments: _Arguments, body: bytes) -> Object:
    return _json(builds.cancel(arguments["id"]))


def _get_operation(builds: Builds, arguments: _Arguments, body: bytes) -> Object:
    return _operation(builds.get(base64.urlsafe_b64decode(arguments["id"]).decode()))


def _operation(build: Build) -> Object:
    """A long-running operation, whose name holds the build's ID in base64 as Cloud Build's does."""
    kind = "type.googleapis.com/google.devtools.cloudbuild.v1."
    shown: Object = {
        "name": f"operations/build/{build.project_id}/{base64.urlsafe_b64encode(build.id.encode()).decode()}",
        "metadata": {"@type": f"{kind}BuildOperationMetadata", "build": _json(build)},
        "done": build.status in TERMINAL,
    }
    if build.status == Build.Status.SUCCESS:
        shown["response"] = {"@type": f"{kind}Build", **_json(build)}
    elif shown["done"]:
        shown["error"] = {"code": 2, "message": Build.Status(build.status).name}
    return shown


def _json(build: Build) -> Object:
    shown: Object = json_format.MessageToDict(Build.pb(build))
    return shown


_ACTIONS: tuple[tuple[str, str, Callable[[Builds, _Arguments, bytes], Object]], ...] = (
    ("POST", f"{_PLACE}/builds", _create),
    ("GET", f"{_PLACE}/builds", _list),
    ("GET", f"{_PLACE}/builds/(?P<id>[0-9a-f-]+)", _get),
    ("POST", f"{_PLACE}/builds/(?P<id>[0-9a-f-]+):cancel", _cancel),
    ("GET", r"/v1/operations/build/[^/]+/(?P<id>[\w=-]+)", _get_operation),
)
