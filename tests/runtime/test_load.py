"""Many requests: a line with an end, several runs at once, batches, cancelled runs, slow readers."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runtime.client import read_all
from tests.runtime.guest import PATIENCE, Guest, Server

Make = Callable[..., Guest]

WAITS = """
    import os, time
    class Model:
        def run(self, until: str = "", note: str = "") -> str:
            try:
                if note:
                    open(note, "w").close()
                while until and not os.path.exists(until):
                    time.sleep(0.01)
            except KeyboardInterrupt:
                open(note + ".cancelled", "w").close()
                raise
            return "worked"
"""

AT_ONCE = """
    import threading
    class Model:
        concurrency = 3
        def setup(self):
            self.barrier = threading.Barrier(3, timeout=15)
        def run(self) -> int:
            self.barrier.wait()
            return threading.active_count()
"""

ASYNC = """
    import asyncio, os
    class Model:
        concurrency = 8
        async def setup(self):
            await asyncio.sleep(0)
            self.here, self.cancelled = 0, 0
            self.all = asyncio.Event()
        async def run(self, together: int = 1, forever: bool = False) -> dict:
            self.here += 1
            if self.here >= together:
                self.all.set()
            try:
                await (asyncio.sleep(1000) if forever else self.all.wait())
            except asyncio.CancelledError:
                self.cancelled += 1
                raise
            return {"here": self.here, "cancelled": self.cancelled}
"""

BATCH = """
    from dataclasses import dataclass
    from typing import List
    @dataclass
    class Item:
        n: int
        fail: bool = False
    class Model:
        batch_size = 4
        batch_wait = 5
        def run_batch(self, inputs: List[Item]) -> List[dict]:
            if any(item.n == 13 for item in inputs):
                raise ValueError("thirteen")
            return [ValueError("asked to") if item.fail else {"n": item.n, "of": len(inputs)} for item in inputs]
"""


def appears(path: Path) -> bool:
    end = time.monotonic() + PATIENCE
    while not path.exists() and time.monotonic() < end:
        time.sleep(0.01)
    return path.exists()


def begin(server: Server, **inputs: object) -> socket.socket:
    """Send a request on a connection that the caller holds."""
    body = json.dumps(inputs).encode()
    connection = server.connected()
    head = b"POST /infer HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
    connection.sendall(head % len(body) + body)
    return connection


def test_the_line_has_an_end_and_says_when_to_come_again(guest: Make, tmp_path: Path) -> None:
    go = tmp_path / "go"
    with guest(WAITS, environment={"JID_QUEUE": "2"}).serving() as server:
        working = [server.later(until=str(go)) for _ in range(3)]
        server.metric("jid_queue_waiting", 2)
        refused = server.infer()
        assert (refused.status, refused.json()["code"]) == (429, "QUEUE_FULL")
        assert int(refused.headers["retry-after"]) >= 1
        assert server.get("/ping").text == "PONG"
        go.touch()
        assert [one.answer().text for one in working] == ["worked"] * 3
        assert server.infer().status == 200


def test_a_caller_who_leaves_the_line_makes_room(guest: Make, tmp_path: Path) -> None:
    go = tmp_path / "go"
    with guest(WAITS, environment={"JID_QUEUE": "1"}).serving() as server:
        working = server.later(until=str(go))
        server.until("busy")
        with begin(server) as _:
            server.metric("jid_queue_waiting", 1)
        server.metric("jid_queue_waiting", 0)
        waiting = server.later()
        server.metric("jid_queue_waiting", 1)
        go.touch()
        assert working.answer().text == waiting.answer().text == "worked"


def test_a_caller_who_leaves_has_the_run_interrupted(guest: Make, tmp_path: Path) -> None:
    note = tmp_path / "note"
    with guest(WAITS).serving() as server:
        with begin(server, until="/never", note=str(note)) as _:
            assert appears(note)
        assert appears(tmp_path / "note.cancelled")
        assert server.infer().text == "worked"
        server.metric("jid_restarts_total", 0)


def test_a_run_that_ignores_its_cancellation_is_replaced(guest: Make, tmp_path: Path) -> None:
    infer = """
        import os, time
        class Model:
            def run(self, note: str = ""):
                if not note:
                    return "worked"
                while True:
                    try:
                        open(note, "w").close()
                        time.sleep(1000)
                    except KeyboardInterrupt:
                        pass
    """
    with guest(infer, environment={"JID_GRACE": "0.3"}).serving() as server:
        with begin(server, note=str(tmp_path / "note")) as _:
            assert appears(tmp_path / "note")
        assert server.infer().text == "worked"
        server.metric("jid_restarts_total", 1)


def test_a_generator_is_left_when_its_caller_leaves(guest: Make, tmp_path: Path) -> None:
    infer = f"""
        import time
        class Model:
            def run(self):
                try:
                    while True:
                        yield "x" * 1000
                        time.sleep(0.001)
                finally:
                    open({str(tmp_path / "left")!r}, "w").close()
    """
    with guest(infer).serving() as server:
        with begin(server) as connection:
            connection.recv(100)
        assert appears(tmp_path / "left")
        server.until("ready")


def test_a_slow_reader_does_not_hold_the_models_turn(guest: Make) -> None:
    infer = """
        class Model:
            def run(self, n: int = 1):
                for i in range(n): yield str(i) + "x" * 4000
    """
    with guest(infer).serving() as server, begin(server, n=5000) as slow:
        slow.recv(10)
        assert server.infer().text.startswith("0x")
        slow.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        received = read_all(slow)
        assert received.endswith(b"PONG")
        assert received.count(b"x" * 4000) == 5000


def test_an_answer_too_far_ahead_of_its_reader_is_given_up(guest: Make) -> None:
    infer = "class Model:\n  def run(self):\n    while True: yield 'x' * 100000"
    with guest(infer, environment={"JID_SPOOL": "4M"}).serving() as server, begin(server) as slow:
        server.until("busy")
        server.until("ready")
        assert b"0\r\n\r\n" not in read_all(slow)[-10:]


def test_runs_at_once_in_threads(guest: Make) -> None:
    with guest(AT_ONCE).serving() as server:
        together = [server.later() for _ in range(3)]
        assert all(one.answer().status == 200 for one in together)


def test_the_operator_may_set_how_many(guest: Make) -> None:
    with guest(AT_ONCE, environment={"JID_CONCURRENCY": "5"}).serving() as server:
        server.until("ready")
        server.metric("jid_slots", 5)


def test_a_cancelled_thread_is_interrupted_and_the_others_go_on(guest: Make, tmp_path: Path) -> None:
    go, note = tmp_path / "go", tmp_path / "note"
    with guest(WAITS, environment={"JID_CONCURRENCY": "2"}).serving() as server:
        other = server.later(until=str(go))
        with begin(server, until="/never", note=str(note)) as _:
            assert appears(note)
        assert appears(tmp_path / "note.cancelled")
        server.metric("jid_runs_active", 1)
        go.touch()
        assert other.answer().text == "worked"
        server.metric("jid_restarts_total", 0)


def test_async_runs_at_once(guest: Make) -> None:
    with guest(ASYNC).serving() as server:
        together = [server.later(together=8) for _ in range(8)]
        assert {one.answer().json()["here"] for one in together} == {8}


def test_a_cancelled_async_run(guest: Make) -> None:
    with guest(ASYNC).serving() as server:
        with begin(server, forever=True) as _:
            server.metric("jid_runs_active", 1)
        server.metric("jid_runs_active", 0)
        assert server.infer().json() == {"here": 2, "cancelled": 1}


def test_an_async_run_over_its_time(guest: Make) -> None:
    with guest(ASYNC, environment={"JID_TIMEOUT": "0.3"}).serving() as server:
        late = server.infer(forever=True)
        assert (late.status, late.json()["code"]) == (504, "TIMED_OUT")
        assert server.infer().json()["cancelled"] == 1


def test_an_async_generator_streams(guest: Make) -> None:
    infer = """
        from typing import AsyncIterator
        class Model:
            async def run(self, n: int = 3) -> AsyncIterator[int]:
                for i in range(n): yield i
    """
    with guest(infer).serving() as server:
        assert server.infer().text == "0\n1\n2\n"
        assert server.infer(n=0).text == ""


def test_a_batch_is_run_at_once(guest: Make) -> None:
    with guest(BATCH).serving() as server:
        together = [server.later(n=n) for n in range(4)]
        assert [one.answer().json() for one in together] == [{"n": n, "of": 4} for n in range(4)]


def test_who_spoils_a_batch_fails_alone(guest: Make) -> None:
    with guest(BATCH).serving() as server:
        together = [server.later(n=n) for n in (11, 12, 13)] + [server.later(n=14, fail=True)]
        answers = [one.answer() for one in together]
        assert [answer.status for answer in answers] == [200, 200, 500, 500]
        assert answers[2].json()["detail"].endswith("ValueError: thirteen")
        assert answers[3].json()["detail"].endswith("ValueError: asked to")


def test_a_batch_is_not_waited_for_longer_than_said(guest: Make) -> None:
    with guest(BATCH, environment={"JID_BATCH_WAIT": "0.01"}).serving() as server:
        assert server.infer(n=1).json() == {"n": 1, "of": 1}
        assert server.infer(n="x").json()["errors"][0]["pointer"] == "/n"
        assert server.get("/openapi.json").json()["components"]["schemas"]["Input"]["required"] == ["n"]


def test_instances_of_one_request_share_a_batch(guest: Make) -> None:
    with guest(BATCH).serving() as server:
        told = server.post("/infer-ai-platform", {"instances": [{"n": n} for n in range(8)]}).json()
        assert [one["n"] for one in told["predictions"]] == list(range(8))
        assert {one["of"] for one in told["predictions"]} == {4}


@pytest.mark.parametrize("kind", ["", "async "])
def test_a_batch_described_by_run(guest: Make, kind: str) -> None:
    infer = f"""
        class Model:
            batch_size = 2
            def run(self, text: str, times: int = 2) -> str: ...
            {kind}def run_batch(self, inputs):
                return [one["text"] * one.get("times", 2) for one in inputs]
    """
    with guest(infer).serving() as server:
        together = [server.later(text="a"), server.later(text="b", times=3)]
        assert [one.answer().text for one in together] == ["aa", "bbb"]


@pytest.mark.parametrize(
    ("says", "detail"),
    [("return inputs[:-1]", "a list of 1 outputs"), ("return 3", "and gave int"), ("return 'x'", "and gave str")],
)
def test_a_batch_of_the_wrong_length(guest: Make, says: str, detail: str) -> None:
    infer = f"class Model:\n  batch_wait = 0\n  def run(self): ...\n  def run_batch(self, inputs): {says}"
    tested = guest(infer).test()
    assert detail in tested.report["Error"]["Detail"]


def test_numbers_that_make_no_sense_name_the_line(guest: Make) -> None:
    tested = guest("class Model:\n  concurrency = 0\n  def run(self): ...").test()
    assert tested.report["Error"]["Code"] == "SIGNATURE_UNSUPPORTED"
    assert tested.report["Error"]["Detail"] == "infer.py:1: concurrency must be a whole number above 0, not 0"


def test_told_to_stop_it_waits_no_longer_than_its_limit(guest: Make) -> None:
    with guest(WAITS, environment={"JID_DRAIN": "0.3", "JID_GRACE": "0.3"}).serving() as server:
        stuck = server.later(until="/never")
        server.until("busy")
        assert server.stop() == 0
        assert stuck.is_cut_off()


def test_prints_of_a_slow_console_do_not_stop_the_server(guest: Make) -> None:
    infer = "import os\nclass Model:\n  def run(self, n: int = 0):\n    os.write(1, b'x' * n)\n    return 'worked'"
    with guest(infer).serving() as server:
        loud = server.later(n=8_000_000)  # nobody reads the server's standard error, so this waits
        server.until("busy")
        assert server.get("/ping").text == "PONG"
        assert loud.is_alive()
