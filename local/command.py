"""A command run for a build: supervised, its output in the build log, its end a reason."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import BinaryIO

from local import supervisor
from local.job import Job

_CHUNK = 64 * 1024


@dataclass(frozen=True)
class Allowance:
    """What a command may use. seconds; memory and disk in bytes; disk counts below `folder`.

    nice: how far it stands back when others want the processor, 0 to 19 as in nice(2).
    """

    seconds: float
    memory: int
    processes: int
    disk: int
    folder: Path
    nice: int = 0

    def to_json(self) -> str:
        return json.dumps(asdict(self) | {"folder": str(self.folder)})

    def broken(self, status: int) -> str:
        """What the command did too much of, in words; "" if nothing."""
        return {
            supervisor.TOO_LONG: f"It ran longer than {self.seconds:.0f} s and was stopped.",
            supervisor.TOO_MUCH_MEMORY: f"It used more than {self.memory:,} bytes of memory and was stopped.",
            supervisor.TOO_MANY_PROCESSES: f"It started more than {self.processes} processes and was stopped.",
            supervisor.TOO_MUCH_DISK: f"It wrote more than {self.disk:,} bytes and was stopped.",
        }.get(status, "")


@dataclass(frozen=True)
class Command:
    """words: the program and its arguments. environment: all that it sees. output: bytes kept of its standard
    output; what comes after is read and dropped."""

    words: tuple[str, ...]
    environment: Mapping[str, str]
    folder: Path
    allowance: Allowance
    output: int = 8 * 1024**2

    def run(self, job: Job) -> Finished:
        """Standard error goes to the job's log. Raises BuildCancelled or BuildTimedOut; no process stays."""
        process = subprocess.Popen(
            [sys.executable, "-I", supervisor.__file__, self.allowance.to_json(), *self.words],
            env=dict(self.environment),
            cwd=self.folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the server; the supervisor ends when its input closes
        )
        with process:
            stdin, stdout, stderr = _pipes(process)
            errors = threading.Thread(target=_log, args=(stderr, job), daemon=True)
            errors.start()
            with job.stopping(stdin.close):
                kept = _read(stdout, self.output)
                errors.join()
                status = process.wait()
        return Finished(status, kept, self.allowance.broken(status))


@dataclass(frozen=True)
class Finished:
    """status: the exit status. output: standard output. broken: which allowance was not kept, in words, or ""."""

    status: int
    output: bytes
    broken: str


def _pipes(process: subprocess.Popen[bytes]) -> tuple[BinaryIO, BinaryIO, BinaryIO]:
    if not (process.stdin and process.stdout and process.stderr):
        raise ValueError("the process was started without its pipes")
    return process.stdin, process.stdout, process.stderr  # type: ignore[return-value]


def _log(stream: BinaryIO, job: Job) -> None:
    while data := stream.read1(_CHUNK):  # type: ignore[attr-defined]
        job.log(data)


def _read(stream: BinaryIO, most: int) -> bytes:
    kept = bytearray()
    while data := stream.read1(_CHUNK):  # type: ignore[attr-defined]
        kept += data[: most - len(kept)]
    return bytes(kept)
