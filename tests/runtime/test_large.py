"""Large answers: they cross from the model's process to the client in one piece of memory, and leave nothing."""

from __future__ import annotations

import json
import os
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runtime.client import Upload
from tests.runtime.guest import PATIENCE, Guest, Server

Make = Callable[..., Guest]

SIZES = """
    import jid
    from typing import Any

    LETTERS = {"plain": "abcdefg", "wide": "\\u00e4\\u20ac\\U0001f600", "half": "a\\ud83d"}

    class Model(jid.Model):
        def run(self, size: int, kind: str = "plain") -> Any:
            if kind == "list":
                return list(range(size))
            if kind == "bytes":
                return b"abcdefg" * size
            if kind == "stream":
                return ("abcdefg" * size for _ in range(3))
            if kind == "open":
                import os
                return len(os.listdir("/proc/self/fd"))
            return LETTERS[kind] * size
"""
LIMITED = """
    import resource
    class Model:
        def setup(self):
            resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
        def run(self) -> str:
            return "abcdefg" * 200_000
"""
LETTERS = {"plain": "abcdefg", "wide": "ä€😀", "half": "a?"}
BIG = 200_000  # times seven: far above what travels over the socket pair


def descriptors(server: Server) -> int:
    return sum(1 for _ in Path(f"/proc/{server.pid}/fd").iterdir())


def back_to(server: Server, count: int) -> bool:
    """Whether the server has so few files open, soon."""
    end = time.monotonic() + PATIENCE
    while descriptors(server) > count and time.monotonic() < end:
        time.sleep(0.01)
    return descriptors(server) <= count


@pytest.mark.parametrize("kind", ["plain", "wide", "half"])
def test_texts_of_every_size_arrive_as_they_are(guest: Make, kind: str) -> None:
    with guest(SIZES).serving() as server:
        for size in (0, 1, 18_724, 18_725, 43_690, 65_536, BIG):
            answer = server.infer(size=size, kind=kind)
            assert answer.type == "text/plain"
            assert answer.text == LETTERS[kind] * size


def test_json_and_bytes(guest: Make) -> None:
    with guest(SIZES).serving() as server:
        answer = server.infer(size=BIG, kind="list")
        assert (answer.type, answer.json()) == ("application/json", list(range(BIG)))
        assert server.infer(size=BIG, kind="bytes").body == b"abcdefg" * BIG


def test_the_other_addresses(guest: Make) -> None:
    with guest(SIZES).serving() as server:
        text = "abcdefg" * BIG
        assert server.post("/predictions", {"input": {"size": BIG}}).json()["output"] == text
        told = server.post("/infer-ai-platform", {"instances": [{"size": BIG}, {"size": 1}]}).json()
        assert told == {"predictions": [text, "abcdefg"]}
        assert server.infer(size=BIG, kind="stream").text == f"{text}\n" * 3
        events = server.infer(accept="text/event-stream", size=BIG, kind="stream").text
        assert events == f"data: {text}\n\n" * 3 + "event: done\ndata: \n\n"


def test_many_from_threads_are_not_mixed_up(guest: Make) -> None:
    infer = """
        class Model:
            concurrency = 8
            def run(self, text: str) -> str:
                return text * 300_000
    """
    with guest(infer).serving() as server:
        asked = [(text, server.later(text=text)) for text in "abcdefgh" * 3]
        for text, later in asked:
            assert later.answer().text == text * 300_000


def test_an_example_may_have_a_large_output(guest: Make) -> None:
    examples = [{"Input": {"size": BIG}, "Output": "abcdefg" * BIG}, {"Input": {"size": BIG}, "Output": "abcdefg"}]
    tested = guest(SIZES, examples=examples).test()
    assert [one["Passed"] for one in tested.report["Examples"]] == [True, False]


def test_nothing_stays_open(guest: Make) -> None:
    with guest(SIZES).serving() as server:
        server.infer(size=BIG)
        before, inside = descriptors(server), server.infer(size=0, kind="open").json()
        for kind in ("plain", "list", "stream"):
            for _ in range(20):
                assert server.infer(size=BIG, kind=kind).status == 200
        assert back_to(server, before)
        assert server.infer(size=0, kind="open").json() == inside


def test_a_client_that_leaves_amid_an_answer(guest: Make) -> None:
    with guest(SIZES).serving() as server:
        server.infer(size=1)
        before = descriptors(server)
        for _ in range(10):
            with asking(server, size=5_000_000) as connection:
                assert connection.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")
        assert back_to(server, before)
        assert server.infer(size=1).text == "abcdefg"


def test_a_slow_reader_holds_up_nobody(guest: Make) -> None:
    with guest(SIZES).serving() as server, asking(server, size=5_000_000) as connection:
        connection.recv(1000)
        assert server.infer(size=2).text == "abcdefgabcdefg"
        server.until("ready")


def test_more_slow_readers_than_there_is_shared_memory_for(guest: Make) -> None:
    with guest(SIZES).serving() as server:
        crowd = [asking(server, size=BIG) for _ in range(12)]
        assert server.infer(size=BIG).text == "abcdefg" * BIG
        for connection in crowd:
            head, _, body = taken(connection, 7 * BIG).partition(b"\r\n\r\n")
            body += taken(connection, 7 * BIG - len(body))
            assert head.startswith(b"HTTP/1.1 200 OK")
            assert body == b"abcdefg" * BIG
            connection.close()


def test_a_model_cannot_take_the_shared_memory_away(guest: Make) -> None:
    infer = """
        import os
        class Model:
            def run(self, spoil: bool = False) -> str:
                for name in os.listdir("/proc/self/fd") if spoil else []:
                    try:
                        if "jid-shelf" in os.readlink("/proc/self/fd/" + name):
                            os.ftruncate(int(name), 0)
                    except PermissionError:
                        return "it is sealed"
                return "abcdefg" * 200_000
    """
    with guest(infer).serving() as server:
        assert len(server.infer().body) == 1_400_000
        assert server.infer(spoil=True).text == "it is sealed"
        assert len(server.infer().body) == 1_400_000


def test_a_reader_that_never_reads_is_let_go(guest: Make) -> None:
    with guest(SIZES, environment={"JID_SILENCE": "0.5"}).serving() as server:
        server.infer(size=1)
        before = descriptors(server)
        with asking(server, size=5_000_000):
            server.metric("jid_connections", 2)
            server.metric("jid_connections", 1)
        assert back_to(server, before)


def test_a_slow_reader_that_reads_on_is_not_let_go(guest: Make) -> None:
    with guest(SIZES, environment={"JID_SILENCE": "1"}).serving() as server, asking(server, size=1_500_000) as reader:
        found = len(taken(reader, 4_000_000))  # fast, so that the system makes its buffers large
        end = time.monotonic() + 3
        while time.monotonic() < end:  # by far less than what makes a socket count as writable again
            found += len(taken(reader, 20_000))
            time.sleep(0.05)
        while found < 10_500_000:
            found += len(taken(reader, 20_000))


def test_where_no_memory_is_to_be_had_it_goes_another_way(guest: Make) -> None:
    with guest(LIMITED).serving() as server:
        assert server.infer().text == "abcdefg" * 200_000


def test_when_descriptors_run_short_memory_is_read_at_once(guest: Make) -> None:
    with guest(SIZES).serving() as server:
        server.infer(size=1)
        crowd = [server.connected() for _ in range(600)]
        try:
            assert server.infer(size=BIG).text == "abcdefg" * BIG
        finally:
            for one in crowd:
                one.close()


def test_files_come_whole(guest: Make, tmp_path: Path) -> None:
    infer = """
        import jid
        class Model:
            def run(self, file: jid.Path) -> jid.Path:
                return file
    """
    content = os.urandom(12_000_000)
    with guest(infer).serving() as server:
        assert server.multipart(("file", Upload("a.bin", content))).body == content
        assert server.multipart(("file", Upload("a.bin", b""))).body == b""


def asking(server: Server, **inputs: object) -> socket.socket:
    """A connection on which a run was asked for, with little room for its answer."""
    connection = socket.socket()
    connection.settimeout(PATIENCE)
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
    connection.connect(("127.0.0.1", server.port))
    body = json.dumps(inputs).encode()
    head = f"POST /infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)
    return connection


def taken(reader: socket.socket, size: int) -> bytes:
    found = b""
    while len(found) < size:
        piece = reader.recv(size - len(found))
        assert piece, "cut off"
        found += piece
    return found
