"""How the servers are asked where wrk does not serve: until the first answer comes, and with a large file."""

from __future__ import annotations

import base64
import http.client
import sys
import time

from benchmarks.peers.catalog import Peer
from benchmarks.peers.running import Running

_PATIENCE = 60.0  # seconds
_FILE = bytes(20_000_000)
_BOUNDARY = "a-boundary-of-the-benchmark"


def first_answer(server: Running, peer: Peer) -> float:
    """Seconds from the start to the first good answer."""
    body = peer.body.replace("{text}", "world").encode()
    while time.monotonic() < server.started + _PATIENCE:
        try:
            if b"hello world" in _post(server, peer.path, body, "application/json"):
                return time.monotonic() - server.started
        except (OSError, http.client.HTTPException):
            pass
        time.sleep(0.002)
    raise TimeoutError(f"{peer.name} does not answer")


def send_file(server: Running, peer: Peer) -> float:
    """Seconds for 20 MB in and their number out; infinite where that is refused."""
    if peer.file.startswith("multipart"):
        path, kind, body = peer.file.split()[1], f"multipart/form-data; boundary={_BOUNDARY}", _multipart()
    else:
        path, kind = peer.path, "application/json"
        body = peer.file.replace("{file}", base64.b64encode(_FILE[: len(_FILE)]).decode()).encode()
    started = time.monotonic()
    answer = _post(server, path, body, kind)
    seconds = time.monotonic() - started
    if b"20000000" not in answer and str(len(base64.b64encode(_FILE))).encode() not in answer:
        print(f"{peer.name}: {answer[:300]!r}", file=sys.stderr)
        return float("inf")
    return seconds


def _multipart() -> bytes:
    head = f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="file.bin"\r\n'
    head += "Content-Type: application/octet-stream\r\n\r\n"
    return head.encode() + _FILE + f"\r\n--{_BOUNDARY}--\r\n".encode()


def _post(server: Running, path: str, body: bytes, kind: str) -> bytes:
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=_PATIENCE)
    try:
        connection.request("POST", path, body, {"Content-Type": kind})
        return connection.getresponse().read()
    finally:
        connection.close()
