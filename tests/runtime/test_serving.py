"""`jid serve`: addresses, kinds of answers, files in and out, streams."""

from __future__ import annotations

import base64
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.runtime.client import Upload, read_all
from tests.runtime.guest import Guest, Server

Make = Callable[..., Guest]

INFER = """
    import tempfile
    import jid

    class Model(jid.Model):
        def setup(self):
            self.kept = jid.Path(tempfile.mkdtemp()) / "kept.txt"
            self.kept.write_text("kept")

        def run(self, want: str = "text", file: jid.Path = None):
            if want == "text":
                return "plain text: ü"
            if want == "json":
                return {"list": [1, 2.5, None, True], "text": "ü"}
            if want == "file":
                path = jid.Path(tempfile.mkdtemp()) / "picture.png"
                path.write_bytes(b"\\x89PNG" * 100000)
                return path
            if want == "kept":
                return self.kept
            if want == "echo":
                return file
            if want == "name":
                return file.name
            if want == "inside":
                return {"file": file}
            if want == "words":
                return iter(["one", "two\\nlines", "three"])
            if want == "objects":
                return ({"n": n} for n in range(3))
            if want == "broken":
                return self.broken()
            raise ValueError("no such want")

        def broken(self):
            yield "first"
            raise ValueError("in the middle")
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Guest:
    return Guest(tmp_path_factory.mktemp("serving"), sys.executable, INFER)


@pytest.fixture(scope="module")
def server(package: Guest) -> Iterator[Server]:
    with package.serving() as running:
        running.until("ready")
        yield running


def test_ping_and_health(server: Server) -> None:
    assert (server.get("/ping").status, server.get("/ping").text) == (200, "PONG")
    assert (server.get("/health").status, server.get("/health").json()) == (200, {"Status": "ready"})
    assert server.send("HEAD", "/ping").body == b""


def test_a_text_is_a_text(server: Server) -> None:
    answer = server.infer(want="text")
    assert (answer.status, answer.type, answer.text) == (200, "text/plain", "plain text: ü")


def test_json_is_json(server: Server) -> None:
    answer = server.infer(want="json")
    assert (answer.status, answer.type) == (200, "application/json")
    assert answer.json() == {"list": [1, 2.5, None, True], "text": "ü"}


def test_a_file_is_a_file_and_goes_when_it_is_sent(server: Server, package: Guest) -> None:
    before = package.litter
    answer = server.infer(want="file")
    assert (answer.status, answer.type, answer.body) == (200, "image/png", b"\x89PNG" * 100000)
    assert "picture.png" in answer.headers["content-disposition"]
    assert package.clears_up(before)


def test_a_file_of_the_set_up_stays_however_soon_it_is_asked_for(guest: Make) -> None:
    with guest(INFER).serving() as server:
        assert server.infer(want="kept").text == "kept"
        assert server.infer(want="kept").text == "kept"


def test_files_come_in_and_are_removed(server: Server, package: Guest) -> None:
    before = package.litter
    content = bytes(range(256)) * 4096 + b"\r\n--not-the-boundary\r\n"
    answer = server.multipart(("want", "echo"), ("file", Upload("data.bin", content)))
    assert (answer.status, answer.body) == (200, content)
    as_json = server.infer(want="echo", file="data:;base64," + base64.b64encode(content).decode())
    assert as_json.body == content
    assert package.clears_up(before)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\temp\\a b.txt", "a b.txt"),
        (".hidden", "hidden"),
        ("", "file"),
        ("..", "file"),
    ],
)
def test_the_name_of_a_file_cannot_lead_elsewhere(server: Server, name: str, kept: str) -> None:
    assert server.multipart(("want", "name"), ("file", Upload(name, b"x"))).text == kept


def test_a_file_within_json_is_a_data_url(server: Server) -> None:
    answer = server.multipart(("want", "inside"), ("file", Upload("a.txt", b"hello")))
    assert answer.json() == {"file": "data:text/plain;base64,aGVsbG8="}


def test_a_stream_of_texts_is_lines(server: Server) -> None:
    answer = server.infer(want="words")
    assert (answer.type, answer.text) == ("text/plain", "one\ntwo\nlines\nthree\n")
    assert answer.headers["transfer-encoding"] == "chunked"


def test_a_stream_of_objects_is_json_lines(server: Server) -> None:
    answer = server.infer(want="objects")
    assert answer.type == "application/x-ndjson"
    assert [json.loads(line) for line in answer.text.splitlines()] == [{"n": 0}, {"n": 1}, {"n": 2}]


def test_a_stream_as_events(server: Server) -> None:
    answer = server.infer(accept="text/event-stream", want="words")
    assert answer.type == "text/event-stream"
    assert answer.text == "data: one\n\ndata: two\ndata: lines\n\ndata: three\n\nevent: done\ndata: \n\n"


def test_a_stream_that_breaks_says_so(server: Server) -> None:
    events = server.infer(accept="text/event-stream", want="broken").text
    assert events.startswith("data: first\n\nevent: error\n")
    assert "ValueError: in the middle" in events
    body = b'{"want": "broken"}'
    head = b"POST /infer HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(
        body
    )
    raw = server.raw(head + body)
    assert b"first\n" in raw
    assert not raw.endswith(b"0\r\n\r\n")


def test_items_are_sent_as_they_come(guest: Make, tmp_path: Path) -> None:
    infer = f"""
        import os, time
        class Model:
            def run(self):
                yield "first"
                while not os.path.exists({str(tmp_path / "go")!r}):
                    time.sleep(0.01)
                yield "second"
    """
    with guest(infer).serving() as server, server.connected() as connection:
        connection.sendall(b"POST /infer HTTP/1.1\r\nHost: x\r\n\r\n")
        received = b""
        while b"first" not in received:
            received += connection.recv(1000)
        (tmp_path / "go").touch()
        while b"second" not in received:
            received += connection.recv(1000)


def test_a_long_stream_to_a_slow_reader_arrives_whole(guest: Make) -> None:
    infer = "class Model:\n  def run(self):\n    for n in range(5000): yield [n, 'x' * 4000]"
    with guest(infer).serving() as server, server.connected() as connection:
        connection.sendall(b"POST /infer HTTP/1.0\r\n\r\n")
        server.until("busy")
        received = read_all(connection)
        lines = received.partition(b"\r\n\r\n")[2].splitlines()
        assert [json.loads(line)[0] for line in lines] == list(range(5000))


def test_an_error_of_the_model_is_a_problem(server: Server) -> None:
    answer = server.infer(want="else")
    assert (answer.status, answer.type) == (500, "application/problem+json")
    problem = answer.json()
    assert (problem["code"], problem["status"]) == ("RUN_FAILED", 500)
    assert problem["detail"].endswith("ValueError: no such want")
    assert server.infer(want="text").status == 200


def test_vertex(server: Server) -> None:
    answer = server.post("/infer-ai-platform", {"instances": [{"want": "text"}, {"want": "json"}, {"want": "words"}]})
    texts = answer.json()["predictions"]
    assert texts == ["plain text: ü", {"list": [1, 2.5, None, True], "text": "ü"}, ["one", "two\nlines", "three"]]
    wrong = server.post("/infer-ai-platform", {"instances": [{}, {"want": 1}]}).json()
    assert [error["pointer"] for error in wrong["errors"]] == ["/instances/1/want"]
    assert server.post("/infer-ai-platform", {"text": "hello"}).status == 400


def test_cog(server: Server) -> None:
    told = server.post("/predictions", {"input": {"want": "text"}}).json()
    assert (told["status"], told["output"], told["error"]) == ("succeeded", "plain text: ü", None)
    file = server.post("/predictions", {"input": {"want": "kept"}}).json()["output"]
    assert file == "data:text/plain;base64," + base64.b64encode(b"kept").decode()
    wrong = server.post("/predictions", {"input": {"want": 1}})
    assert (wrong.status, wrong.json()["errors"][0]["pointer"]) == (422, "/input/want")


def test_vertex_names_its_own_addresses(guest: Make) -> None:
    environment = {"AIP_HEALTH_ROUTE": "/v1/alive", "AIP_PREDICT_ROUTE": "/v1/predict"}
    with guest("class Model:\n  def run(self): return 'x'", environment=environment).serving() as server:
        server.until("ready")
        assert server.get("/v1/alive").status == 200
        assert server.post("/v1/predict", {"instances": [{}]}).json() == {"predictions": ["x"]}


@pytest.mark.parametrize("name", ["AIP_HTTP_PORT", "PORT"])
def test_the_port_comes_from_the_environment(guest: Make, name: str) -> None:
    package = guest("class Model:\n  def run(self): return 'x'", environment={"PORT": "1", name: "0"})
    with package.serving("--host", "127.0.0.1") as server:
        assert server.get("/ping").text == "PONG"


def test_what_is_not_there(server: Server) -> None:
    assert server.get("/nowhere").json()["code"] == "NOT_FOUND"
    wrong = server.get("/infer")
    assert (wrong.status, wrong.headers["allow"]) == (405, "POST")
    assert server.send("POST", "/infer", b"x", {"Content-Type": "image/png"}).status == 415


def test_curl_without_a_content_type(server: Server) -> None:
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    assert server.send("POST", "/infer", b'{"want": "text"}', headers).text == "plain text: ü"
