"""The REST API: services of a location, create, get, delete; and, for who calls them, ID tokens."""

from __future__ import annotations

import json
import re
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, urlsplit

from cryptography.hazmat.primitives import serialization
from google.auth import crypt, jwt
from google.cloud.run_v2 import Service
from google.protobuf import json_format

from modelserver.jsontypes import Object
from tests.cloud.cloudrun_standin.service import Refused, Services
from tests.cloud.identity import EMAIL, throwaway_key

_PARENT = r"(?P<parent>projects/[\w.:-]+/locations/[\w-]+)"
_SERVICES = re.compile(rf"/v2/{_PARENT}/services")
_SERVICE = re.compile(rf"/v2/(?P<name>{_PARENT}/services/[a-z0-9-]+)")
_REASONS = {400: "INVALID_ARGUMENT", 404: "NOT_FOUND", 409: "ALREADY_EXISTS"}


class CloudRun:
    """The stand-in, listening on loopback while it is open. What it has started is gone afterwards."""

    def __init__(self) -> None:
        self.services = Services()
        handler = type("Handler", (_Handler,), {"services": self.services, "signer": _signer()})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def token_url(self) -> str:
        """Where a service account's assertion is changed for an ID token, as at oauth2.googleapis.com/token."""
        return f"{self.url}/token"

    def __enter__(self) -> CloudRun:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.services.close()


def id_token(signer: crypt.RSASigner, audience: str) -> str:
    now = int(time.time())
    claims = {"aud": audience, "email": EMAIL, "iss": "https://accounts.google.com", "iat": now, "exp": now + 3600}
    return bytes(jwt.encode(signer, claims)).decode()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    services: ClassVar[Services]
    signer: ClassVar[crypt.RSASigner]

    def do_GET(self) -> None:
        self._answer()

    def do_POST(self) -> None:
        self._answer()

    def do_DELETE(self) -> None:
        self._answer()

    def log_message(self, *_: object) -> None:
        """Nothing: the tests read answers."""

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            status, answer = 200, self._dispatch(body)
        except Refused as refused:
            status = refused.status
            answer = {"error": {"code": status, "message": str(refused), "status": _REASONS[status]}}
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def _dispatch(self, body: bytes) -> Object:
        address = urlsplit(self.path)
        if (self.command, address.path) == ("POST", "/token"):
            assertion = parse_qs(body.decode())["assertion"][0]
            claims = jwt.decode(assertion, verify=False)
            return {"id_token": id_token(self.signer, claims["target_audience"])}
        if self.command == "POST" and (found := _SERVICES.fullmatch(address.path)):
            service_id = parse_qs(address.query).get("serviceId", [""])[0]
            return _operation(self.services.create(found["parent"], service_id, _parsed(body)), done=False)
        if found := _SERVICE.fullmatch(address.path):
            if self.command == "GET":
                return _json(self.services.get(found["name"]))
            if self.command == "DELETE":
                return _operation(self.services.delete(found["name"]), done=False)
        raise Refused(404, f"no method of this stand-in: {self.command} {address.path}")


def _parsed(body: bytes) -> Service:
    service = Service()
    try:
        json_format.Parse(body, Service.pb(service))
    except json_format.ParseError as error:
        raise Refused(400, f"Invalid JSON payload received: {error}") from None
    return service


def _operation(service: Service, done: bool) -> Object:
    kind = "type.googleapis.com/google.cloud.run.v2.Service"
    parent = service.name.partition("/services/")[0]
    return {"name": f"{parent}/operations/1", "done": done, "metadata": {"@type": kind, **_json(service)}}


def _json(service: Service) -> Object:
    shown: Object = json_format.MessageToDict(Service.pb(service))
    return shown


def _signer() -> crypt.RSASigner:
    pem = throwaway_key().private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    signer: crypt.RSASigner = crypt.RSASigner.from_string(pem, "1")
    return signer
