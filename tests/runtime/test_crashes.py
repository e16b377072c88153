"""The server's process outlives whatever the model's does."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runtime.client import read_all
from tests.runtime.guest import PATIENCE, Guest, gone

Make = Callable[..., Guest]

INFER = """
    import os, time, subprocess
    class Model:
        def run(self, do: str = "work", until: str = ""):
            if do == "die":
                print("about to die")
                os._exit(3)
            if do == "pid":
                return os.getpid()
            if do == "child":
                return subprocess.Popen(["sleep", "1000"]).pid
            if do == "fork":
                return "child" if os.fork() == 0 else "parent"
            while until and not os.path.exists(until):
                time.sleep(0.01)
            return "worked"
"""


def test_a_death_costs_its_own_request_and_the_next_is_served(guest: Make) -> None:
    with guest(INFER).serving() as server:
        for _ in range(2):
            died = server.infer(do="die")
            assert (died.status, died.json()["code"]) == (500, "MODEL_DIED")
            assert "status 3" in died.json()["detail"]
            assert "about to die" in died.json()["detail"]
            assert server.infer().text == "worked"


def test_what_is_quoted_of_a_death_was_printed_for_its_caller(guest: Make) -> None:
    infer = """
        import os
        class Model:
            def run(self, text: str, die: bool = False):
                print("secret of", text)
                if die:
                    os._exit(1)
    """
    with guest(infer).serving() as server:
        server.infer(text="somebody")
        assert server.infer(text="me", die=True).json()["detail"].endswith("printed last:\nsecret of me")


def test_nothing_is_quoted_where_it_may_have_been_printed_for_another(guest: Make, tmp_path: Path) -> None:
    infer = """
        import os, time
        class Model:
            concurrency = 2
            def run(self, text: str, note: str = "", until: str = ""):
                print("secret of", text)
                if note:
                    open(note, "w").close()
                while until and not os.path.exists(until):
                    time.sleep(0.01)
                os._exit(1)
    """
    with guest(infer).serving() as server:
        here, go = tmp_path / "here", tmp_path / "go"
        first = server.later(text="somebody", note=str(here), until=str(go))
        end = time.monotonic() + PATIENCE
        while not here.exists() and time.monotonic() < end:
            time.sleep(0.01)
        assert "secret" not in server.infer(text="me").json()["detail"]
        assert "secret" not in first.answer().json()["detail"]


def test_a_process_killed_while_idle_is_replaced(guest: Make) -> None:
    with guest(INFER).serving() as server:
        first = server.infer(do="pid").json()
        os.kill(first, signal.SIGKILL)
        assert gone(first)
        assert server.infer(do="pid").json() != first


def test_children_of_a_dead_process_go_with_it(guest: Make) -> None:
    with guest(INFER).serving() as server:
        child = server.infer(do="child").json()
        server.infer(do="die")
        assert gone(child)


def test_a_fork_that_returns_answers_once(guest: Make) -> None:
    with guest(INFER).serving() as server:
        assert server.infer(do="fork").text == "parent"
        assert server.infer().text == "worked"


def test_while_the_model_works_others_wait_and_the_server_answers(guest: Make, tmp_path: Path) -> None:
    with guest(INFER).serving() as server:
        go = tmp_path / "go"
        working = server.later(until=str(go))
        assert server.until("busy") == {"Status": "busy"}
        waiting = server.later()
        assert server.get("/ping").text == "PONG"
        assert server.get("/openapi.json").status == 200
        go.touch()
        assert working.answer().text == waiting.answer().text == "worked"
        server.until("ready")


def test_while_the_model_sets_up_requests_wait(guest: Make, tmp_path: Path) -> None:
    go = tmp_path / "go"
    infer = f"""
        import os, time
        class Model:
            def setup(self):
                while not os.path.exists({str(go)!r}):
                    time.sleep(0.01)
            def run(self): return "worked"
    """
    with guest(infer).serving() as server:
        waiting = server.later()
        assert server.get("/health").status == 503
        assert server.get("/health").json() == {"Status": "starting"}
        assert server.get("/ping").text == "PONG"
        assert server.get("/openapi.json").status == 200
        go.touch()
        assert waiting.answer().text == "worked"


def test_while_the_models_file_is_imported_the_server_answers(guest: Make, tmp_path: Path) -> None:
    go = tmp_path / "go"
    infer = f"""
        import os, time
        while not os.path.exists({str(go)!r}):
            time.sleep(0.01)
        class Model:
            def run(self): return "worked"
    """
    with guest(infer).serving() as server:
        waiting = server.later()
        assert server.get("/health").json() == {"Status": "starting"}
        assert server.get("/ping").text == "PONG"
        unknown = server.get("/openapi.json")
        assert (unknown.status, unknown.json()["code"], unknown.headers["retry-after"]) == (503, "STARTING", "1")
        go.touch()
        assert waiting.answer().text == "worked"
        assert server.get("/openapi.json").status == 200


def test_a_set_up_that_raises_is_a_failure_until_it_does_not(guest: Make, tmp_path: Path) -> None:
    good = tmp_path / "good"
    infer = f"""
        import os
        class Model:
            def setup(self):
                if not os.path.exists({str(good)!r}):
                    raise OSError("no weights yet")
            def run(self): return "worked"
    """
    with guest(infer).serving() as server:
        told = server.until("failed")
        assert told["Error"]["Code"] == "SETUP_FAILED"
        assert "no weights yet" in told["Error"]["Detail"]
        refused = server.infer()
        assert (refused.status, refused.json()["code"]) == (503, "SETUP_FAILED")
        good.touch()
        server.until("ready")
        assert server.infer().text == "worked"


@pytest.mark.parametrize(
    ("infer", "code"),
    [
        ("import nothing_of_this_name", "IMPORT_FAILED"),
        ("x = 1", "MODEL_NOT_FOUND"),
        ("class Model:\n  def run(self, x: complex): pass", "SIGNATURE_UNSUPPORTED"),
    ],
)
def test_a_class_that_cannot_be_used_is_told_by_health_and_by_each_answer(guest: Make, infer: str, code: str) -> None:
    with guest(infer).serving() as server:
        assert server.until("failed")["Error"]["Code"] == code
        assert server.infer().json()["code"] == code
        assert server.get("/ping").text == "PONG"


def test_a_model_that_always_dies_is_failed(guest: Make) -> None:
    with guest("import os\nclass Model:\n  def setup(self): os._exit(9)\n  def run(self): pass").serving() as server:
        told = server.until("failed")
        assert told["Error"]["Code"] == "MODEL_DIED"
        assert "status 9" in told["Error"]["Detail"]


def test_a_run_over_its_time_is_cut_off_and_the_next_is_served(guest: Make) -> None:
    with guest(INFER, environment={"JID_TIMEOUT": "1"}).serving() as server:
        late = server.infer(until="/never")
        assert (late.status, late.json()["code"]) == (504, "TIMED_OUT")
        assert server.infer().text == "worked"


def test_a_caller_who_leaves_does_not_disturb_the_next(guest: Make, tmp_path: Path) -> None:
    with guest(INFER).serving() as server:
        go = tmp_path / "go"
        body = b'{"until": "%s"}' % str(go).encode()
        with server.connected() as connection:
            head = b"POST /infer HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
            connection.sendall(head % len(body) + body)
            server.until("busy")
        waiting = server.later(do="pid")
        go.touch()
        assert waiting.answer().status == 200


def test_told_to_stop_it_finishes_what_is_under_way(guest: Make, tmp_path: Path) -> None:
    package = guest(INFER)
    with package.serving() as server:
        pid = server.infer(do="pid").json()
        go = tmp_path / "go"
        working = server.later(until=str(go))
        server.until("busy")
        with server.connected() as waiting:
            waiting.sendall(b"GET /ping HTTP/1.1\r\nHost: x\r\n\r\n")
            assert b"PONG" in waiting.recv(1000)
            waiting.sendall(b"POST /infer HTTP/1.1\r\nHost: x\r\n\r\n")
            server.metric("jid_queue_waiting", 1)
            server.tell_to_stop()
            with pytest.raises(OSError):
                while True:
                    server.get("/ping")  # until the door is shut
            go.touch()
            assert working.answer().text == "worked"
            assert read_all(waiting).endswith(b"worked")
        assert server.wait() == 0
        assert gone(pid)
    assert package.litter == []


def test_a_server_that_is_killed_takes_the_model_with_it(guest: Make) -> None:
    with guest(INFER).serving() as server:
        pid = server.infer(do="pid").json()
        stuck = server.later(until="/never")
        server.until("busy")
        server.stop(signal.SIGKILL)
        assert stuck.is_cut_off()
        assert gone(pid)


def test_a_port_that_is_taken_is_said_in_one_line(guest: Make) -> None:
    package = guest(INFER)
    with package.serving() as server:
        done = package.run("serve", "--host", "127.0.0.1", "--port", str(server.port))
        assert done.returncode == 1
        assert done.stderr.startswith(f"CONFIG_INVALID: cannot listen on 127.0.0.1:{server.port}")
        assert "Traceback" not in done.stderr
