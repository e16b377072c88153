"""Random and mutated requests against a running server: no 5xx that is not the model's own, no hang, no leak.

    python -m tests.runtime.fuzz [--cases 100000] [--seed N]

Half of the cases are good requests of every kind with bytes changed, cut, doubled or swapped, half are built from
pieces that parsers stumble over. After each hundred the server must answer a good request. Printed are the
answers by status, the slowest, and memory, open files and temporary files before and after.
"""

from __future__ import annotations

import argparse
import json
import random
import select
import socket
import sys
import tempfile
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

from tests.runtime.client import BOUNDARY, Upload, multipart_body
from tests.runtime.guest import Guest, Server

INFER = """
    from dataclasses import dataclass
    from typing import Any, Dict, List, Literal, Optional, Union
    import jid

    @dataclass
    class Point:
        x: float
        tags: Optional[List[str]] = None

    class Model(jid.Model):
        concurrency = 4
        def run(self, text: str = "t", n: int = jid.Input(1, ge=0, le=9), flag: bool = False, any: Any = None,
                point: Point = None, either: Union[int, List[float]] = 1, pick: Literal["a", "b"] = "a",
                file: jid.Path = None, data: bytes = None, table: Dict[str, int] = None) -> dict:
            return {"size": len(text) + n + (file.stat().st_size if file else 0) + len(data or b"")}
"""
PATIENCE = 10.0  # seconds until an answer that does not come is a hang
SOON = 0.03  # seconds for an answer, before the request counts as not complete
AT_ONCE = 8  # connections
GOOD = (
    {"text": "x"},
    {"n": 3, "flag": True, "any": {"a": [None, 1.5]}},
    {"point": {"x": 1, "tags": ["a"]}, "either": [1, 2.5]},
    {"file": "data:text/plain;base64,aGVsbG8=", "pick": "b", "table": {"k": 1}},
)
PIECES = (
    b"\r\n", b"\n", b"\r", b"\0", b"\xff\xfe", b" ", b":", b"%00", b"%2e%2e/", b"../", b"{", b"[" * 500, b'"',
    b"\\u0000", b"\\ud800", b"1e999", b"NaN", b"-0", b"9" * 400, b"null", b"true", b"chunked", b"0\r\n\r\n",
    b"ffffffffffffffff\r\n",
    b"Content-Length: 5\r\n", b"Content-Length: -1\r\n", b"Transfer-Encoding: chunked\r\n", b"Expect: 100-continue\r\n",
    b"Content-Type: multipart/form-data; boundary=x\r\n", b"--x\r\n", b"--x--", b'filename="../../a"',
    b"name*=UTF-8''%ff",
    b"Prefer: respond-async\r\n", b"Accept: text/event-stream\r\n", b"Host: y\r\n", b"data:;base64,", b"a" * 9000,
)  # fmt: skip
PATHS = (b"/infer", b"/predictions", b"/predictions/a", b"/predictions/a/cancel", b"/infer-ai-platform",
         b"/health", b"/openapi.json", b"/metrics", b"/ping", b"/", b"/nowhere", b"*", b"http://x/infer")  # fmt: skip
METHODS = (b"POST", b"GET", b"PUT", b"HEAD", b"DELETE", b"OPTIONS", b"PRI", b"")


class Held(NamedTuple):
    """What a server holds: bytes of memory, open files, files in its temporary directory."""

    memory: int
    files: int
    litter: int


class Fuzz:
    """Sends cases to one server, from several connections at once, and counts what comes back."""

    def __init__(self, server: Server, seed: int) -> None:
        self._server = server
        self._random = random.Random(seed)
        self.statuses: Counter[str] = Counter()
        self.slowest = 0.0
        self.bad: list[tuple[bytes, bytes]] = []  # requests whose answers are faults

    def run(self, cases: int) -> None:
        for first in range(0, cases, 100):
            requests = [self._mutated() if self._random.random() < 0.5 else self._built() for _ in range(100)]
            with ThreadPoolExecutor(AT_ONCE) as pool:
                list(pool.map(self._case, requests[: cases - first]))
            if self._server.infer(text="alive").status != 200:
                raise AssertionError(f"a good request is refused after {first + 100} cases")

    def _case(self, request: bytes) -> None:
        started = time.monotonic()
        try:
            with socket.create_connection(("127.0.0.1", self._server.port), timeout=PATIENCE) as connection:
                connection.sendall(request)
                select.select([connection], [], [], SOON)  # without an answer it waits for more, which will not come
                connection.shutdown(socket.SHUT_WR)
                answer = _all(connection)
        except (ConnectionResetError, BrokenPipeError):  # it was refused while it was sent
            answer = b""
        except TimeoutError:
            answer = b"HANG"
        except OSError:  # it was refused before its end was sent
            answer = b""
        self.slowest = max(self.slowest, time.monotonic() - started)
        self._count(request, answer)

    def _count(self, request: bytes, answer: bytes) -> None:
        status = answer[9:12].decode("latin-1") if answer.startswith(b"HTTP/1.1 ") else answer[:4].decode("latin-1")
        self.statuses[status or "closed"] += 1
        if status == "HANG" or (status.startswith("5") and status not in ("501", "505")):
            self.bad.append((request, answer))

    def _mutated(self) -> bytes:
        data = bytearray(self._good())
        for _ in range(self._random.randint(1, 4)):
            place = self._random.randrange(len(data) + 1)
            end = min(len(data), place + self._random.randint(0, 12))
            how = self._random.randrange(5)
            if how == 0:
                data[place:end] = b""
            elif how == 1:
                data[place:place] = self._random.choice(PIECES)
            elif how == 2:
                data[place:end] = self._random.randbytes(end - place)
            elif how == 3:
                data[place:place] = data[place:end] * self._random.randint(1, 50)
            else:
                del data[place:]
                data += b" "
        return bytes(data)

    def _good(self) -> bytes:
        inputs = self._random.choice(GOOD)
        path = self._random.choice(PATHS[:5])
        kind = self._random.randrange(4)
        if kind == 0:
            body = multipart_body(("text", "x"), ("file", Upload("a.txt", b"hello")), ("n", "2"))
            return _request(b"POST", b"/infer", body, f"multipart/form-data; boundary={BOUNDARY}")
        if kind == 1:
            return _request(b"POST", b"/infer", b"text=x&n=2&flag=true", "application/x-www-form-urlencoded")
        told = {"/infer": inputs, "/infer-ai-platform": {"instances": [inputs]}}.get(path.decode(), {"input": inputs})
        method = b"PUT" if path == b"/predictions/a" else b"POST"
        return _request(method, path, json.dumps(told).encode(), "application/json")

    def _built(self) -> bytes:
        line = self._random.choice(METHODS) + b" " + self._random.choice(PATHS) + b" HTTP/1.1\r\n"
        middle = b"".join(self._random.choice(PIECES) for _ in range(self._random.randint(0, 8)))
        return (
            line
            + b"Host: x\r\n"
            + middle
            + self._random.choice((b"\r\n\r\n", b"\r\n", b""))
            + self._random.randbytes(9)
        )


def held(package: Guest, server: Server) -> Held:
    """What the server's process and the model's hold, once all is quiet."""
    server.metric("jid_connections", 1)
    server.metric("jid_runs_active", 0)
    pids = [server.pid, *_children(server.pid)]
    return Held(sum(map(_memory, pids)), sum(map(_open_files, pids)), len(package.litter))


def _request(method: bytes, path: bytes, body: bytes, kind: str) -> bytes:
    head = b"%b %b HTTP/1.1\r\nHost: x\r\nContent-Type: %b\r\nContent-Length: %d\r\n" % (
        method, path, kind.encode(), len(body)
    )  # fmt: skip
    return head + b"Connection: close\r\n\r\n" + body


def _all(connection: socket.socket) -> bytes:
    """Everything until the other side closes; only its beginning is kept."""
    found = b""
    while True:
        piece = connection.recv(65536)
        if not piece:
            return found
        found = (found + piece)[:4096]


def _children(pid: int) -> list[int]:
    return [
        int(word) for task in Path(f"/proc/{pid}/task").iterdir() for word in (task / "children").read_text().split()
    ]


def _memory(pid: int) -> int:
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * 4096


def _open_files(pid: int) -> int:
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def main(words: list[str]) -> int:
    parser = argparse.ArgumentParser("python -m tests.runtime.fuzz", description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000, help="(default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="(default: %(default)s)")
    asked = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="jid-fuzz-") as home:
        package = Guest(Path(home), sys.executable, INFER, environment={"JID_WEBHOOKS": "off"})
        with package.serving() as server:
            server.until("ready")
            fuzz = Fuzz(server, asked.seed)
            fuzz.run(1000)  # so that what is made once has been made
            before = held(package, server)
            started = time.monotonic()
            fuzz.run(asked.cases)
            seconds = time.monotonic() - started
            after = held(package, server)
    print(f"{asked.cases} cases in {seconds:.0f} s, the slowest {fuzz.slowest:.3f} s")
    print("answers: " + ", ".join(f"{status} {count}" for status, count in sorted(fuzz.statuses.items())))
    print(f"memory {before.memory / 1e6:.1f} MB, then {after.memory / 1e6:.1f} MB; open files {before.files}, then ")
    print(f"{after.files}; temporary files {before.litter}, then {after.litter}")
    for request, answer in fuzz.bad[:10]:
        print(f"FAULT: {request[:500]!r}\n  -> {answer[:500]!r}")
    return 1 if fuzz.bad or after.litter > before.litter or after.files > before.files + 5 else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
