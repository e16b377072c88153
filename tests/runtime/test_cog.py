"""What HTTP clients of Cog do: ask and wait, ask and be called, ask again under the same ID, cancel, listen.

After the patterns in https://github.com/replicate/cog/blob/main/docs/http.md, with the client library they
are usually written in (requests).
"""

from __future__ import annotations

import base64
import json
import queue
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
import requests
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.runtime.guest import PATIENCE, Guest, Server

Make = Callable[..., Guest]

INFER = """
    import os, time
    from typing import Iterator
    import jid

    class Model(jid.Model):
        def run(self, text: str = "hello", until: str = "", fail: bool = False, file: jid.Path = None) -> str:
            print("thinking about", text)
            while until and not os.path.exists(until):
                time.sleep(0.01)
            if fail:
                raise ValueError("as you wish")
            return file.read_text() if file else text.upper()
"""

WORDS = """
    import time
    class Model:
        def run(self, text: str):
            for word in text.split():
                print("now", word)
                yield word
"""


class Listener:
    """An address that is called: what comes is kept; `refuse` so many calls first."""

    def __init__(self, refuse: int = 0, certificate: Path | None = None) -> None:
        self.heard: queue.Queue[dict[str, Any]] = queue.Queue()
        self.refused = 0
        listener = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                is_refused = listener.refused < refuse
                listener.refused += is_refused
                if not is_refused:  # before the answer, which lets the next call come
                    listener.heard.put(json.loads(body))
                self.send_response(503 if is_refused else 200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http{'s' if certificate else ''}://127.0.0.1:{self._server.server_port}/hook"
        if certificate:
            tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            tls.load_cert_chain(certificate)
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def until_completed(self) -> list[dict[str, Any]]:
        """All calls up to the last."""
        calls = [self.heard.get(timeout=PATIENCE)]
        while calls[-1]["status"] not in ("succeeded", "failed", "canceled"):
            calls.append(self.heard.get(timeout=PATIENCE))
        return calls

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def listener() -> Iterator[Listener]:
    found = Listener()
    yield found
    found.close()


@pytest.fixture
def server(guest: Make) -> Iterator[Server]:
    with guest(INFER).serving() as running:
        running.until("ready")
        yield running


def url(server: Server, path: str = "") -> str:
    return f"http://127.0.0.1:{server.port}/predictions{path}"


def until_over(server: Server, id_: str) -> dict[str, Any]:
    """Ask for a prediction until it ended."""
    end = time.monotonic() + PATIENCE
    while True:
        told: dict[str, Any] = requests.get(url(server, "/" + id_), timeout=PATIENCE).json()
        if told["status"] not in ("starting", "processing"):
            return told
        assert time.monotonic() < end
        time.sleep(0.01)


def test_synchronous(server: Server) -> None:
    answer = requests.post(url(server), json={"input": {"text": "hi"}}, timeout=PATIENCE)
    assert answer.status_code == 200
    told = answer.json()
    assert (told["status"], told["output"], told["error"]) == ("succeeded", "HI", None)
    assert told["input"] == {"text": "hi"}
    assert told["logs"] == "thinking about hi\n"
    assert 0 <= told["metrics"]["predict_time"] < PATIENCE
    assert told["created_at"] <= told["started_at"] <= told["completed_at"]
    assert len(told["id"]) == 26


def test_a_models_error_is_no_200(server: Server) -> None:
    answer = requests.post(url(server), json={"input": {"fail": True}}, timeout=PATIENCE)
    assert (answer.status_code, answer.json()["status"]) == (500, "failed")
    assert answer.json()["error"].endswith("ValueError: as you wish")


def test_a_wrong_input_names_the_field(server: Server) -> None:
    answer = requests.post(url(server), json={"input": {"text": 1, "other": 2}}, timeout=PATIENCE)
    assert answer.status_code == 422
    assert [error["pointer"] for error in answer.json()["errors"]] == ["/input/text", "/input/other"]


def test_a_file_as_a_data_url(server: Server) -> None:
    file = "data:text/plain;base64," + base64.b64encode(b"from a file").decode()
    answer = requests.post(url(server), json={"input": {"file": file}}, timeout=PATIENCE)
    assert answer.json()["output"] == "from a file"


def test_asynchronous_with_a_webhook(server: Server, listener: Listener) -> None:
    asked = {"input": {"text": "hi"}, "webhook": listener.url, "webhook_events_filter": ["start", "completed"]}
    answer = requests.post(url(server), json=asked, headers={"Prefer": "respond-async"}, timeout=PATIENCE)
    assert (answer.status_code, answer.json()["status"]) == (202, "starting")
    calls = listener.until_completed()
    assert [call["status"] for call in calls] == ["starting", "succeeded"]
    assert calls[1]["output"] == "HI"
    assert {call["id"] for call in calls} == {answer.json()["id"]}
    assert until_over(server, answer.json()["id"]) == calls[1]


def test_a_webhook_of_https_is_called_where_its_certificate_is_trusted(guest: Make, tmp_path: Path) -> None:
    certificate = self_signed(tmp_path / "tls.pem")
    listener = Listener(certificate=certificate)
    asked = {"input": {"text": "hi"}, "webhook": listener.url, "webhook_events_filter": ["completed"]}
    with guest(INFER, environment={"SSL_CERT_FILE": str(certificate)}).serving() as server:
        requests.post(url(server), json=asked, headers={"Prefer": "respond-async"}, timeout=PATIENCE)
        assert listener.until_completed()[0]["output"] == "HI"
    listener.close()


def self_signed(path: Path) -> Path:
    """A certificate for 127.0.0.1 with its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name, now = x509.Name([]), datetime.now(timezone.utc)
    built = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
    built = built.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
    here = x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))])
    signed = built.add_extension(here, critical=True).sign(key, hashes.SHA256())
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(key.private_bytes(*form) + signed.public_bytes(serialization.Encoding.PEM))
    return path


def test_all_events_of_a_webhook(guest: Make, listener: Listener) -> None:
    with guest(WORDS).serving() as server:
        asked = {"input": {"text": "one two"}, "webhook": listener.url}
        answer = requests.post(url(server), json=asked, timeout=PATIENCE)
        assert answer.json()["output"] == ["one", "two"]
        calls = listener.until_completed()
        assert calls[0]["status"] == "starting"
        assert calls[-1]["output"] == ["one", "two"]
        assert calls[-1]["logs"] == "now one\nnow two\n"


def test_the_end_is_told_again_until_somebody_hears_it(server: Server) -> None:
    listener = Listener(refuse=2)
    asked = {"input": {}, "webhook": listener.url, "webhook_events_filter": ["completed"]}
    requests.post(url(server), json=asked, timeout=PATIENCE)
    assert listener.until_completed()[0]["output"] == "HELLO"
    assert listener.refused == 2
    listener.close()


def test_a_server_told_to_stop_still_tells_the_end(server: Server, listener: Listener, tmp_path: Path) -> None:
    asked = {"input": {"until": str(tmp_path / "go")}, "webhook": listener.url}
    requests.post(url(server), json=asked, headers={"Prefer": "respond-async"}, timeout=PATIENCE)
    server.until("busy")
    server.tell_to_stop()
    (tmp_path / "go").touch()
    assert listener.until_completed()[-1]["output"] == "HELLO"
    assert server.wait() == 0


@pytest.mark.parametrize("address", ["file:///etc/passwd", "ftp://x/", "http://", 3, "https//x"])
def test_only_http_addresses_are_called(server: Server, address: object) -> None:
    answer = requests.post(url(server), json={"input": {}, "webhook": address}, timeout=PATIENCE)
    assert answer.status_code == 400
    assert "JID_WEBHOOKS" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("setting", "address", "status"),
    [
        ("off", "http://127.0.0.1:9/", 400),
        ("http://127.0.0.1:9", "http://127.0.0.1:9/hook", 200),
        ("http://127.0.0.1:9", "http://127.0.0.1:99/hook", 400),
        ("https://a.example http://127.0.0.1:9", "http://127.0.0.1:9/hook", 200),
        ("https://a.example", "https://a.example.b.example/", 400),
        ("https://a.example", "https://a.example@b.example/", 400),
    ],
)
def test_the_operator_says_who_may_be_called(guest: Make, setting: str, address: str, status: int) -> None:
    environment = {"JID_WEBHOOKS": setting, "JID_DRAIN": "0.1"}
    with guest(INFER, environment=environment).serving() as server:
        asked = {"input": {}, "webhook": address, "webhook_events_filter": ["start"]}
        assert requests.post(url(server), json=asked, timeout=PATIENCE).status_code == status


def test_unknown_events_are_refused(server: Server, listener: Listener) -> None:
    asked = {"input": {}, "webhook": listener.url, "webhook_events_filter": ["finished"]}
    assert requests.post(url(server), json=asked, timeout=PATIENCE).status_code == 400


def test_a_put_may_be_repeated(server: Server, tmp_path: Path) -> None:
    id_ = uuid4().hex
    asked = {"input": {"until": str(tmp_path / "go")}}
    headers = {"Prefer": "respond-async"}
    first = requests.put(url(server, "/" + id_), json=asked, headers=headers, timeout=PATIENCE)
    again = requests.put(url(server, "/" + id_), json=asked, headers=headers, timeout=PATIENCE)
    assert (first.status_code, again.status_code) == (202, 202)
    assert first.json()["id"] == again.json()["id"] == id_
    other = requests.put(url(server, "/" + id_), json={"input": {}}, headers=headers, timeout=PATIENCE)
    assert (other.status_code, other.json()["code"]) == (409, "CONFLICT")
    (tmp_path / "go").touch()
    waited = requests.put(url(server, "/" + id_), json=asked, timeout=PATIENCE)
    assert (waited.status_code, waited.json()["output"]) == (200, "HELLO")
    server.metric("jid_run_seconds_count", 1)


def test_an_id_in_the_body(server: Server, tmp_path: Path) -> None:
    asked = {"id": "abcd1234", "input": {"until": str(tmp_path / "go")}}
    headers = {"Prefer": "respond-async"}
    assert requests.post(url(server), json=asked, headers=headers, timeout=PATIENCE).json()["id"] == "abcd1234"
    assert requests.post(url(server), json=asked, headers=headers, timeout=PATIENCE).status_code == 409
    assert requests.put(url(server, "/another"), json=asked, timeout=PATIENCE).status_code == 409
    (tmp_path / "go").touch()
    assert until_over(server, "abcd1234")["status"] == "succeeded"


def test_cancel(server: Server, listener: Listener) -> None:
    asked = {"id": "abcd1234", "input": {"until": "/never"}, "webhook": listener.url}
    requests.post(url(server), json=asked, headers={"Prefer": "respond-async"}, timeout=PATIENCE)
    server.until("busy")
    assert requests.post(url(server, "/abcd1234/cancel"), timeout=PATIENCE).status_code == 200
    assert listener.until_completed()[-1]["status"] == "canceled"
    assert until_over(server, "abcd1234")["status"] == "canceled"
    server.until("ready")
    assert requests.post(url(server, "/unknown/cancel"), timeout=PATIENCE).status_code == 404
    assert requests.get(url(server, "/unknown"), timeout=PATIENCE).status_code == 404


def test_events(guest: Make) -> None:
    with guest(WORDS).serving() as server:
        asked = {"input": {"text": "one two"}}
        answer = requests.post(url(server), json=asked, headers={"Accept": "text/event-stream"}, timeout=PATIENCE)
        assert answer.headers["content-type"].startswith("text/event-stream")
        parts = [part.splitlines() for part in answer.text.strip().split("\n\n")]
        events = [(name.partition(": ")[2], json.loads(data.partition(": ")[2])) for name, data in parts]
        assert events[0][0] == "start"
        assert [told for name, told in events if name == "output"] == [
            {"chunk": "one", "index": 0},
            {"chunk": "two", "index": 1},
        ]
        assert "now one\n" in "".join(told["data"] for name, told in events if name == "log")
        assert events[-1][0] == "completed"
        assert (events[-1][1]["status"], events[-1][1]["output"]) == ("succeeded", ["one", "two"])


def test_files_of_an_asynchronous_prediction_are_removed(guest: Make) -> None:
    package = guest(INFER)
    with package.serving() as server:
        file = "data:text/plain;base64," + base64.b64encode(b"from a file").decode()
        asked = {"id": "a", "input": {"file": file}}
        requests.post(url(server), json=asked, headers={"Prefer": "respond-async"}, timeout=PATIENCE)
        assert until_over(server, "a")["output"] == "from a file"
        assert package.clears_up([])


def test_how_it_is_in_cogs_words(server: Server, guest: Make) -> None:
    answer = requests.get(f"http://127.0.0.1:{server.port}/health-check", timeout=PATIENCE)
    assert (answer.status_code, answer.json()["status"]) == (200, "READY")


def test_a_full_line_refuses_predictions(guest: Make, tmp_path: Path) -> None:
    with guest(INFER, environment={"JID_QUEUE": "0"}).serving() as server:
        asked = {"input": {"until": str(tmp_path / "go")}}
        headers = {"Prefer": "respond-async"}
        requests.post(url(server), json=asked, headers=headers, timeout=PATIENCE)
        server.until("busy")
        refused = requests.post(url(server), json=asked, headers=headers, timeout=PATIENCE)
        assert refused.status_code == 429
        assert int(refused.headers["Retry-After"]) >= 1
        (tmp_path / "go").touch()
