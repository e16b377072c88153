"""Starts the runtime as an image does: `python -I -S ...`, told by two variables where the package is."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import textwrap
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from tests.runtime.client import Client

MAIN = Path(__file__).parents[2] / "runtime" / "jid" / "__main__.py"
PATIENCE = 20.0  # seconds until something that must happen counts as not happening


class Tested(NamedTuple):
    """What `jid test` printed, and its exit status."""

    report: Any
    status: int
    shown: str


class Guest:
    """One package on disk."""

    def __init__(
        self,
        home: Path,
        python: str,
        infer: str,
        files: Mapping[str, str | bytes] | None = None,
        examples: Sequence[Mapping[str, Any]] = (),
        model: str = "infer.py:Model",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        self.source = home / "src"
        self.python = python
        self._home = home
        self._environment = dict(environment or {})
        for name, content in {"infer.py": infer, **(files or {})}.items():
            self._write(self.source / name, content)
        told = {"ID": "0" * 40, "Name": "tests/guest", "Model": model, "Examples": list(examples)}
        (home / "jid.json").write_text(json.dumps(told))
        (home / "tmp").mkdir()

    @property
    def litter(self) -> list[str]:
        """What lies in the temporary directory now."""
        return sorted(str(path) for path in (self._home / "tmp").rglob("*") if path.is_file())

    def clears_up(self, before: list[str]) -> bool:
        """Whether no more litter than before is left, soon after an answer was read."""
        end = time.monotonic() + PATIENCE
        while self.litter != before and time.monotonic() < end:
            time.sleep(0.01)
        return self.litter == before

    def environ(self) -> dict[str, str]:
        return {
            **os.environ,
            "JID_CONFIG": str(self._home / "jid.json"),
            "JID_SOURCE": str(self.source),
            "TMPDIR": str(self._home / "tmp"),
            "PYTHONDONTWRITEBYTECODE": "1",
            **self._environment,
        }

    def command(self, *arguments: str) -> list[str]:
        return [self.python, "-I", "-S", str(MAIN), *arguments]

    def test(self) -> Tested:
        done = self.run("test")
        return Tested(json.loads(done.stdout), done.returncode, done.stderr)

    def run(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments), env=self.environ(), capture_output=True, text=True, timeout=PATIENCE, check=False
        )

    @contextlib.contextmanager
    def serving(self, *arguments: str) -> Iterator[Server]:
        command = self.command("serve", "--host", "127.0.0.1", *(arguments or ("--port", "0")))
        with subprocess.Popen(command, env=self.environ(), stderr=subprocess.PIPE, text=True) as process:
            server = Server(process)
            try:
                yield server
            finally:
                server.stop()

    @staticmethod
    def _write(path: Path, content: str | bytes) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else textwrap.dedent(content).encode())


class Server(Client):
    """A running `jid serve`, and a client for it."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        assert process.stderr is not None
        line = process.stderr.readline()
        assert line.startswith("serving on http://127.0.0.1:"), line + process.stderr.read()
        super().__init__(int(line.rsplit(":", 1)[1]))

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Send a signal and wait for the end; the exit status."""
        if self._process.poll() is None:
            self._process.send_signal(number)
        assert self._process.stderr is not None
        self._process.stderr.read()
        return self._process.wait(PATIENCE)

    @property
    def pid(self) -> int:
        """Of the server's process."""
        return self._process.pid

    def tell_to_stop(self) -> None:
        """Send SIGTERM and do not wait."""
        self._process.send_signal(signal.SIGTERM)

    def wait(self, timeout: float = PATIENCE) -> int:
        """The exit status, once the process ended by itself."""
        return self._process.wait(timeout)

    def metric(self, name: str, value: float) -> None:
        """Wait until /metrics says this."""
        end = time.monotonic() + PATIENCE
        while f"\n{name} {value:g}\n" not in self.get("/metrics").text:
            assert time.monotonic() < end, f"{name} is not {value:g}"
            time.sleep(0.01)

    def until(self, status: str) -> Any:
        """Wait until /health says this; what it says."""
        end = time.monotonic() + PATIENCE
        while True:
            told = self.get("/health").json()
            if told["Status"] == status:
                return told
            assert time.monotonic() < end, f"still {told}, not {status}"
            time.sleep(0.01)


def gone(pid: int) -> bool:
    """Whether a process ends in time; a dead one that nobody fetched counts as gone."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        stat = Path(f"/proc/{pid}/stat")
        if not stat.exists() or stat.read_text().rpartition(")")[2].split()[0] == "Z":
            return True
        time.sleep(0.02)
    return False
