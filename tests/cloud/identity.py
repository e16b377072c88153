"""Who a function is, without Google: a metadata server with a token, and IAM's signBlob behind TLS.

Both speak over the wire as the real ones do. google-auth finds the first by GCE_METADATA_HOST, and reaches the
second through a proxy (HTTPS_PROXY) whose certificate it trusts (REQUESTS_CA_BUNDLE): its code is left as it is.
"""

from __future__ import annotations

import base64
import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from cryptography.x509.oid import NameOID

EMAIL = "download@tests.iam.gserviceaccount.com"
TOKEN = "a-token-of-the-metadata-server"
_IAM = "iamcredentials.googleapis.com"


@dataclass(frozen=True)
class Asked:
    """One request to IAM."""

    host: str
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass
class Identity:
    """What was asked for: how many tokens, which signatures. refuses: IAM answers 403.

    environment: the variables by which a new process finds these servers; google-auth reads them once.
    """

    key: rsa.RSAPrivateKey
    refuses: bool
    tokens: int = 0
    signed: list[Asked] = field(default_factory=list)
    environment: dict[str, str] = field(default_factory=dict)

    def sign(self, asked: Asked) -> tuple[int, dict[str, object]]:
        self.signed.append(asked)
        if self.refuses:
            return 403, {"error": {"code": 403, "status": "PERMISSION_DENIED", "message": f"not with {TOKEN}"}}
        text = base64.b64decode(json.loads(asked.body)["payload"])
        signature = self.key.sign(text, padding.PKCS1v15(), hashes.SHA256())
        return 200, {"keyId": "1", "signedBlob": base64.b64encode(signature).decode()}

    def about(self, path: str) -> tuple[str, str] | None:
        """The metadata server's content type and text for a path."""
        account = {"email": EMAIL, "scopes": ["https://www.googleapis.com/auth/cloud-platform"], "aliases": ["default"]}
        if path.endswith("/token"):
            self.tokens += 1
            token = {"access_token": TOKEN, "expires_in": 3600, "token_type": "Bearer"}
            return "application/json", json.dumps(token)
        if "/service-accounts/" in path:
            return "application/json", json.dumps(account)
        known = {"/": "computeMetadata/", "/computeMetadata/v1/project/project-id": "tests"}
        return ("text/plain", known[path]) if path in known else None


def throwaway_key() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(public_exponent=65537, key_size=2048)


def service_account_file(
    folder: Path, key: rsa.RSAPrivateKey, tokens: str = "https://oauth2.googleapis.com/token"
) -> Path:
    """A service account's key file, for GOOGLE_APPLICATION_CREDENTIALS. tokens: where it gets tokens."""
    file = folder / "account.json"
    account = {
        "type": "service_account",
        "project_id": "tests",
        "private_key_id": "1",
        "private_key": _pem(key).decode(),
        "client_email": EMAIL,
        "client_id": "1",
        "token_uri": tokens,
    }
    file.write_text(json.dumps(account))
    return file


@contextmanager
def standing_in(folder: Path, key: rsa.RSAPrivateKey, refuses: bool = False) -> Iterator[Identity]:
    """As around a function: no key file, a metadata server, IAM, which signs with `key`."""
    identity = Identity(key, refuses)
    certificate = _certificate(folder, throwaway_key())
    with _serving(_Metadata, identity) as metadata, _serving(_Proxy, identity, certificate) as proxy:
        identity.environment = {
            "GCE_METADATA_HOST": metadata,
            "GCE_METADATA_IP": metadata,
            "HTTPS_PROXY": f"http://{proxy}",
            "REQUESTS_CA_BUNDLE": str(certificate),
            "CLOUDSDK_CONFIG": str(folder),
        }
        yield identity


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    identity: Identity
    certificate: Path | None


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def answer(self, status: int, kind: str, text: str) -> None:
        self.send_response(status)
        self.send_header("Metadata-Flavor", "Google")
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


class _Metadata(_Handler):
    def do_GET(self) -> None:
        found = self.server.identity.about(self.path.split("?")[0])
        if found is None or self.headers.get("Metadata-Flavor") != "Google":
            self.answer(404, "text/plain", self.path)
        else:
            self.answer(200, *found)


class _Proxy(_Handler):
    """CONNECT, then TLS, then the request that was meant for IAM."""

    def do_CONNECT(self) -> None:
        self._host = self.path.split(":")[0]
        self.send_response(200)
        self.end_headers()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        assert self.server.certificate
        context.load_cert_chain(self.server.certificate)
        self.connection = context.wrap_socket(self.connection, server_side=True)
        self.rfile, self.wfile = self.connection.makefile("rb"), self.connection.makefile("wb", buffering=0)
        self.close_connection = False

    def finish(self) -> None:
        super().finish()
        self.connection.close()

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, reply = self.server.identity.sign(Asked(self._host, self.command, self.path, headers, body))
        self.answer(status, "application/json", json.dumps(reply))


@contextmanager
def _serving(kind: type[_Handler], identity: Identity, certificate: Path | None = None) -> Iterator[str]:
    """Host and port."""
    server = _Server(("127.0.0.1", 0), kind)
    server.identity, server.certificate = identity, certificate
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
    thread.start()
    try:
        yield f"127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _pem(key: rsa.RSAPrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _certificate(folder: Path, key: rsa.RSAPrivateKey) -> Path:
    """One file with key and certificate of IAM's host, signed by itself."""
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, _IAM)])
    now = datetime.now(timezone.utc)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(_IAM)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = folder / "iam.pem"
    file.write_bytes(_pem(key) + made.public_bytes(serialization.Encoding.PEM))
    return file
