"""A package run through the front door: what goes in and out, and what is refused. The process engine runs it."""

from __future__ import annotations

import io
import json

import pytest
from werkzeug.test import Client, TestResponse

from tests.http.packages import problem, upload
from tests.packages import FAILING, SLEEPING, model, zipped

_MANY = """
import jid, os, tempfile
from typing import Iterator, List

class Model(jid.Model):
    def run(self, kind: str, file: jid.Path = None, numbers: List[int] = []) -> jid.Path:
        folder = tempfile.mkdtemp()
        names = {"page": "evil.html", "drawing": "a.svg", "picture": "a.png", "mirror": "m.bin"}
        path = os.path.join(folder, names[kind])
        with open(path, "wb") as out:
            if kind == "mirror":
                out.write(open(file, "rb").read() + bytes(numbers))
            else:
                out.write(b"<script>alert(document.domain)</script>")
        return jid.Path(path)
"""
_TALKS = """
from typing import Iterator
class Model:
    def run(self, upto: int = 3, fail: bool = False) -> Iterator[str]:
        for number in range(upto):
            yield str(number)
        if fail:
            raise ValueError("out of cheese")
"""


@pytest.fixture
def hello(server: Client) -> str:
    return _published(server, model())


def _published(server: Client, files: dict[str, str | bytes]) -> str:
    answer = upload(server, zipped(files))
    assert answer.status_code == 201, answer.get_data(as_text=True)
    package_id: str = answer.get_json()["ID"]
    return package_id


def _infer(server: Client, package_id: str, inputs: object, **headers: str) -> TestResponse:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return server.post(f"/v1/packages/{package_id}/infer", json=inputs, headers=named)


def test_inputs_come_as_json_as_a_form_or_in_parts(server: Client, hello: str) -> None:
    address = f"/v1/packages/{hello}/infer"
    answers = [
        server.post(address, json={"text": "you"}),
        server.post(address, data={"text": "you"}),
        server.post(address, data={"text": "you"}, content_type="multipart/form-data"),
    ]
    for answer in answers:
        assert (answer.status_code, answer.get_data()) == (200, b"hello you")
        assert answer.headers["Content-Type"] == "text/plain; charset=utf-8"
    assert server.post(address).get_data() == b"hello world"


def test_a_refusal_is_the_models_own_and_names_each_input(server: Client, hello: str) -> None:
    answer = _infer(server, hello, {"text": 5, "more": 1})
    assert (answer.status_code, answer.mimetype) == (422, "application/problem+json")
    document = answer.get_json(force=True)
    assert document["code"] == "INPUT_INVALID"
    assert [error["pointer"] for error in document["errors"]] == ["/text", "/more"]
    assert server.post(f"/v1/packages/{hello}/infer", data=b"[", content_type="application/json").status_code == 400
    assert server.post(f"/v1/packages/{hello}/infer", data=b"x", content_type="image/png").status_code == 415


def test_files_go_in_and_come_out(server: Client) -> None:
    package_id = _published(server, model(_MANY, more="examples: [{input: {kind: picture}}]\n"))
    data = {"kind": "mirror", "file": (io.BytesIO(bytes(range(256)) * 1000), "a.bin"), "numbers": "[1, 2]"}
    answer = server.post(f"/v1/packages/{package_id}/infer", data=data)
    assert (answer.status_code, answer.mimetype) == (200, "application/octet-stream")
    assert answer.get_data() == bytes(range(256)) * 1000 + b"\x01\x02"


@pytest.mark.parametrize(("kind", "expected"), [("page", "text/html"), ("drawing", "image/svg+xml")])
def test_a_page_that_a_model_makes_is_never_one_of_this_origin(server: Client, kind: str, expected: str) -> None:
    package_id = _published(server, model(_MANY, more="examples: [{input: {kind: picture}}]\n"))
    answer = _infer(server, package_id, {"kind": kind})
    assert (answer.status_code, answer.mimetype) == (200, expected)
    assert answer.headers["Content-Disposition"].startswith("attachment; filename*=UTF-8''")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'; sandbox"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "no-store"


def test_what_a_model_yields_comes_in_lines_or_as_events(server: Client) -> None:
    package_id = _published(server, model(_TALKS))
    assert _infer(server, package_id, {}).get_data() == b"0\n1\n2\n"
    events = _infer(server, package_id, {}, Accept="text/event-stream")
    assert events.mimetype == "text/event-stream"
    assert events.get_data(as_text=True) == "data: 0\n\ndata: 1\n\ndata: 2\n\nevent: done\ndata: \n\n"
    failed = _infer(server, package_id, {"fail": True}, Accept="text/event-stream").get_data(as_text=True)
    assert "event: error" in failed and "out of cheese" in failed


def test_a_stream_that_fails_breaks_off(server: Client) -> None:
    package_id = _published(server, model(_TALKS))
    with pytest.raises(ConnectionResetError):
        _infer(server, package_id, {"fail": True})


def test_only_what_is_ready_is_run(server: Client) -> None:
    failed = upload(server, zipped(model(FAILING))).get_json()["ID"]
    assert "out of cheese" in problem(_infer(server, failed, {}), 409, "NOT_READY")["detail"]
    building = upload(server, zipped(model(SLEEPING)), Prefer="respond-async").get_json()["ID"]
    answer = _infer(server, building, {})
    assert f"/v1/packages/{building}/log" in problem(answer, 409, "NOT_READY")["detail"]
    assert answer.headers["Retry-After"]
    server.delete(f"/v1/packages/{building}")
    problem(_infer(server, building, {}), 404, "PACKAGE_NOT_FOUND")
    problem(_infer(server, "nonsense", {}), 404, "PACKAGE_NOT_FOUND")
    problem(server.get(f"/v1/packages/{building}/infer"), 405, "METHOD_NOT_ALLOWED")


def test_what_is_deleted_and_uploaded_again_is_another_one(server: Client, hello: str) -> None:
    assert _infer(server, hello, {}).status_code == 200
    server.delete(f"/v1/packages/{hello}")
    problem(_infer(server, hello, {}), 404, "PACKAGE_NOT_FOUND")
    assert _published(server, model()) == hello
    assert _infer(server, hello, {}).get_data() == b"hello world"


def test_the_answer_is_what_the_runtime_itself_says(server: Client, hello: str) -> None:
    """Its description, which the schema in the package is part of, and the reply agree."""
    schema = server.get(f"/v1/packages/{hello}").get_json()["Schema"]
    refused = json.loads(_infer(server, hello, {"nonsense": 1}).get_data())
    assert list(schema["Input"]["properties"]) == ["text"]
    assert "which takes: text" in refused["detail"]
