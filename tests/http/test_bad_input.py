"""Bad input gets a clear problem and changes nothing."""

from __future__ import annotations

import io
import os
from pathlib import Path

import pytest
from werkzeug.test import Client

from tests.http.conftest import Serve
from tests.http.packages import UPLOAD, problem, upload, upload_raw
from tests.packages import HELLO, model, zipped
from tests.processes import running


def _state(data: Path) -> list[Path]:
    return sorted(path for path in data.rglob("*") if path.is_file() and "sqlite" not in path.name)


def _codes(document: dict[str, list[dict[str, str]]]) -> set[str]:
    assert all(fault["detail"] and fault["hint"] for fault in document["errors"])
    return {fault["code"] for fault in document["errors"]}


@pytest.fixture
def untouched(server: Client, tmp_path: Path) -> object:
    """The server, and afterwards the proof that nothing was stored."""
    server.get("/v1/health")
    before = _state(tmp_path / "data")
    yield server
    assert server.get("/v1/packages/?status=any").get_json() == []
    assert _state(tmp_path / "data") == before


def test_no_body(untouched: Client) -> None:
    document = problem(untouched.post(UPLOAD), 400, "NO_FILE")
    assert "curl" in document["detail"]


def test_an_empty_file(untouched: Client) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="m.zip"\r\n\r\n\r\n--b--\r\n'
    answer = untouched.post(UPLOAD, data=body, content_type="multipart/form-data; boundary=b")
    document = problem(answer, 400, "NO_FILE")
    assert "empty" in document["detail"]


def test_a_form_without_the_file(untouched: Client) -> None:
    form = {"package": (io.BytesIO(b"x"), "model.zip")}
    document = problem(untouched.post(UPLOAD, data=form), 400, "NO_FILE")
    assert "file" in document["detail"]


def test_a_form_that_breaks_off(untouched: Client) -> None:
    body = b'--b\r\nContent-Disposition: form-data; name="file"; filename="m.zip"\r\n\r\nPK'
    answer = untouched.post(UPLOAD, data=body, content_type="multipart/form-data; boundary=b")
    problem(answer, 400, "BAD_REQUEST")


def test_a_form_without_a_boundary(untouched: Client) -> None:
    problem(untouched.post(UPLOAD, data=b"x", content_type="multipart/form-data"), 400, "BAD_REQUEST")


@pytest.mark.parametrize("body", [{"a": 1}, {"Upload": 7}, [], {"Upload": "../../etc/passwd"}, {"Upload": "0" * 32}])
def test_json_that_names_no_upload(untouched: Client, body: object) -> None:
    problem(untouched.post(UPLOAD, json=body), 400, "BAD_REQUEST")


@pytest.mark.parametrize("path", ["/robots.txt", "/favicon.ico"])
def test_an_address_that_the_framework_keeps_to_itself(untouched: Client, path: str) -> None:
    problem(untouched.get(path), 404, "NOT_FOUND")


def test_yaml_is_no_package(untouched: Client) -> None:
    answer = untouched.post(UPLOAD, data=b"name: x", content_type="application/yaml")
    problem(answer, 415, "UNSUPPORTED_MEDIA_TYPE")


@pytest.mark.parametrize("data", [b"not a zip", os.urandom(1000), zipped(model())[:-10]])
def test_not_a_zip(untouched: Client, data: bytes) -> None:
    document = problem(upload(untouched, data), 422, "INVALID_PACKAGE")
    assert _codes(document)


def test_too_large_is_refused_before_it_is_read(serve: Serve) -> None:
    server = serve(MAX_DIRECT="1000")
    document = problem(upload_raw(server, b"x" * 200_000), 413, "TOO_LARGE")
    assert "1,000" in document["detail"]
    assert "POST /v1/packages/uploads" in document["detail"]


def test_too_large_is_refused_though_nobody_said_how_large(serve: Serve) -> None:
    server = serve(MAX_DIRECT="1000")
    problem(upload(server, b"x" * 2000), 413, "TOO_LARGE")


def test_no_jid_yaml(untouched: Client) -> None:
    document = problem(upload(untouched, zipped({"infer.py": HELLO})), 422, "INVALID_PACKAGE")
    assert _codes(document) == {"NO_JID_YAML"}


def test_all_errors_come_at_once_each_with_its_line(untouched: Client) -> None:
    text = "name: Andreas\nmodel: other.py:Model\nenvironment:\n  python_packages: [torch]\n  colour: red\n"
    document = problem(upload(untouched, zipped({"jid.yaml": text, "infer.py": HELLO})), 422, "INVALID_PACKAGE")
    assert {fault["pointer"]: fault["line"] for fault in document["errors"]} == {
        "/name": 1,
        "/model": 2,
        "/environment/python_packages/0": 4,
        "/environment/colour": 5,
    }
    assert all(fault["detail"] and fault["hint"] and fault["code"].isupper() for fault in document["errors"])


@pytest.mark.parametrize(
    "more",
    [
        'environment: {python_packages: ["torch==2.7.0; rm -rf /"]}',
        'environment: {python_packages: ["torch==2.7.0\\nRUN id"]}',
        'environment: {python_packages: ["--index-url=http://x"]}',
        'environment: {system_packages: ["ffmpeg; id"]}',
        'environment: {system_packages: ["ffmpeg && id"]}',
        'environment: {system_packages: ["-o=APT::x"]}',
        'environment: {system_packages: ["ffmpeg\\n"]}',
        'environment: {python_version: "3.12\\nRUN id"}',
        'environment: {python_version: "3.12 AS x"}',
        'environment: {python_requirements: "../../etc/passwd"}',
        'environment: {python_requirements: "/etc/passwd"}',
        'environment: {cuda: "12.8\\nRUN id"}',
        'environment: {cudnn: "$(id)"}',
        'environment: {architectures: ["cpu\\n"]}',
    ],
)
def test_injections_are_no_values(untouched: Client, more: str) -> None:
    problem(upload(untouched, zipped(model(more=more))), 422, "INVALID_PACKAGE")


@pytest.mark.parametrize(
    "name", ["a;id", "a b", "../a", "a\\nRUN id", "-a", "a//b", "A/b", "a:b", "a@b", "$(id)", "x" * 200]
)
def test_a_name_that_is_no_image_repository(untouched: Client, name: str) -> None:
    files = model() | {"jid.yaml": f'name: "{name}"\nmodel: infer.py:Model\n'}
    document = problem(upload(untouched, zipped(files)), 422, "INVALID_PACKAGE")
    assert [fault["pointer"] for fault in document["errors"]] == ["/name"]


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("class Other: pass\n", "Model"),
        ("import nowhere_at_all\n", "nowhere_at_all"),
        ("class Model(:\n", "infer.py"),
        (
            "class Model:\n    def setup(self): raise ValueError('no weights')\n    def run(self): return 1\n",
            "no weights",
        ),
        ("class Model:\n    def run(self): raise KeyError('lost')\n", "lost"),
        ("import os\nclass Model:\n    def run(self): os._exit(0)\n", ""),
        ("import os, signal\nclass Model:\n    def run(self): os.kill(os.getpid(), 9)\n", ""),
        ("import os, signal\nclass Model:\n    def run(self): os.kill(os.getppid(), 9)\n", ""),
    ],
)
def test_a_model_that_does_not_work_fails_its_test(server: Client, code: str, said: str) -> None:
    document = problem(upload(server, zipped(model(code))), 422, "TEST_FAILED")
    assert said in document["detail"]
    assert server.get("/v1/packages/").get_json() == []


HOG = (
    "class Model:\n    def run(self):\n        hog = []\n        while True: hog.append(bytearray(b'x' * 10_000_000))\n"
)
FORKS = """
import os, time
class Model:
    def run(self):
        for _ in range(500):
            if os.fork() == 0:
                os.setsid()
                time.sleep(60)
                os._exit(0)
        time.sleep(60)
"""
FILLS = """
import os, tempfile
class Model:
    def run(self):
        with tempfile.TemporaryFile() as f:
            while True: f.write(b"x" * 1_000_000)
"""
PRINTS = "class Model:\n    def run(self):\n        while True: print('x' * 100_000)\n"


@pytest.mark.parametrize("code", [HOG, FORKS, FILLS, PRINTS], ids=["memory", "forks", "disk", "prints"])
def test_a_model_that_takes_too_much_is_stopped_and_nothing_of_it_stays(
    serve: Serve, tmp_path: Path, code: str
) -> None:
    server = serve(TEST_MEMORY="300000000", TEST_PROCESSES="50", TEST_DISK="20000000", TEST_TIMEOUT="20")
    problem(upload(server, zipped(model(code))), 422, "TEST_FAILED")
    assert running(str(tmp_path)) == set()


def test_a_requirements_file_reaches_no_other_file(untouched: Client) -> None:
    files = model(more="environment: {python_requirements: deps/r.txt}\n")
    files["deps/r.txt"] = "six\n-r /etc/passwd\n./wheels\nsix @ file:///etc/passwd\n"
    document = problem(upload(untouched, zipped(files)), 422, "INVALID_PACKAGE")
    assert [(fault["pointer"], fault["line"]) for fault in document["errors"]] == [
        ("deps/r.txt", 2),
        ("deps/r.txt", 3),
        ("deps/r.txt", 4),
    ]
