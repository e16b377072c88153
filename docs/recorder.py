"""`python -m docs.recorder`: a real push in a real terminal, written down as text in docs/push.txt.

A server is started over an empty folder; a fresh example gets weights, so that there is something to send, and is
pushed by the command in a pseudo-terminal. What the terminal shows is read by an emulator (pyte), and each row is noted
when it first looks so; of what moves (bars, spinners) a look now and then.
"""

from __future__ import annotations

import os
import pty
import select
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pyte

ROOT = Path(__file__).resolve().parents[1]
RECORD = ROOT / "docs" / "push.txt"
_WIDTH, _HEIGHT = 140, 50
_PAUSE = 0.3  # seconds between two looks at what moves
_MOVES = "━╸⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏"
_MODEL = """\
import sys
import time

import jid


class Model(jid.Model):
    def setup(self):
        for layer in range(1, 5):
            print("loading layer {} of 4".format(layer), file=sys.stderr, flush=True)
            time.sleep(0.5)

    def run(self, text: str = "world", times: int = 1) -> str:
        return " ".join(["hello"] + [text] * times)
"""


@dataclass(frozen=True)
class Look:
    """A row of the terminal, and the seconds after which it looked so."""

    seconds: float
    text: str


def main() -> None:
    looks = recorded(weights=100_000_000)
    head = "# A push of a fresh example with 100 MB of weights, as a terminal showed it. Made by `make record`.\n"
    RECORD.write_text(head + "".join(f"{look.seconds:5.1f} s  {look.text}\n" for look in looks))
    print(f"written: {RECORD.relative_to(ROOT)}")


def recorded(weights: int) -> list[Look]:
    """A push of a fresh example with so many bytes of weights. Raises RuntimeError if it fails."""
    with tempfile.TemporaryDirectory(prefix="modelserver-record-") as folder, _serving(Path(folder)) as address:
        environment = {
            **os.environ,
            "PYTHONPATH": f"{ROOT / 'cli'}:{ROOT / 'functions'}",
            "MODELSERVER_URL": address,
            "TERM": "xterm",
            "COLUMNS": str(_WIDTH),
            "LINES": str(_HEIGHT),
        }
        looks: list[Look] = []
        for words in (["init", "hello"], ["push", "hello"]):
            looks += _run(words, Path(folder), environment, looks[-1].seconds if looks else 0.0)
            _prepare(Path(folder) / "hello", weights)
        return looks


def _prepare(example: Path, weights: int) -> None:
    (example / "infer.py").write_text(_MODEL)
    (example / "weights.bin").write_bytes(os.urandom(weights))


@contextmanager
def _serving(folder: Path) -> Iterator[str]:
    """A server with the process engine, over an empty folder; its address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = str(probe.getsockname()[1])
    command = [sys.executable, "-m", "local", "--port", port, "--data", str(folder / "data"), "--engine", "process"]
    with (folder / "server.log").open("wb") as log:
        process = subprocess.Popen(command, cwd=ROOT, stdout=log, stderr=log)
    try:
        _await(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)


def _await(address: str, process: subprocess.Popen[bytes]) -> None:
    while process.poll() is None:
        with suppress(OSError), urllib.request.urlopen(f"{address}/v1/health"):  # noqa: S310
            return
        time.sleep(0.05)
    raise RuntimeError("the server did not start")


def _run(words: Sequence[str], folder: Path, environment: Mapping[str, str], since: float) -> list[Look]:
    """The looks of one command. since: the seconds at which it begins."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(folder)
        os.execve(sys.executable, [sys.executable, "-m", "modelserver_cli", *words], dict(environment))  # noqa: S606
    watcher = _Watcher(since, " ".join(["$ modelserver", *words]))
    with suppress(OSError):  # how a terminal ends
        while select.select([terminal], [], []) and (data := os.read(terminal, 65536)):
            watcher.feed(data)
    os.close(terminal)
    status = os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])
    looks = watcher.looks()
    if status != 0:
        raise RuntimeError("\n".join(look.text for look in looks))
    return looks


class _Watcher:
    """Reads what a terminal is sent, and notes how its rows look."""

    def __init__(self, since: float, command: str) -> None:
        self._screen = pyte.Screen(_WIDTH, _HEIGHT)
        self._stream = pyte.ByteStream(self._screen)
        self._began = time.monotonic() - since
        self._looks = [Look(since, command)]
        self._rows: list[str] = []
        self._moved = 0.0

    def feed(self, data: bytes) -> None:
        self._stream.feed(data)
        rows = [row.rstrip() for row in self._screen.display]
        seconds = time.monotonic() - self._began
        for row in rows:
            if row and row not in self._rows and self._is_worth_it(row, seconds):
                self._looks.append(Look(seconds, row))
        self._rows = rows

    def looks(self) -> list[Look]:
        return self._looks

    def _is_worth_it(self, row: str, seconds: float) -> bool:
        if not any(letter in row for letter in _MOVES):
            return True
        if seconds - self._moved < _PAUSE:
            return False
        self._moved = seconds
        return True


if __name__ == "__main__":
    main()
