"""A server under measure: started in a folder of its own, watched, and ended with all that it started."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from benchmarks.measuring import free_port


class Running(NamedTuple):
    """A server. started: in seconds of time.monotonic."""

    port: int
    pid: int
    started: float

    def memory(self) -> float:
        """PSS of all processes of its session, in MB (Linux, Documentation/filesystems/proc.rst)."""
        return sum(_pss(pid) for pid in _session(self.pid)) / 1000

    def cpu(self) -> float:
        """Milliseconds of CPU that its processes took so far (Documentation/scheduler/sched-stats.rst)."""
        return sum(_cpu(pid) for pid in _session(self.pid))


@contextlib.contextmanager
def running(
    command: tuple[str, ...], environment: Mapping[str, str], binaries: Path, models: Path
) -> Iterator[Running]:
    """Start a command; its words and its environment may name {bin}, {folder} and the ports."""
    with tempfile.TemporaryDirectory(prefix="modelserver-bench-") as name:
        folder = Path(name) / "models"
        shutil.copytree(models, folder)
        words = {"{bin}": str(binaries), "{folder}": str(folder), **_ports()}
        log = (Path(name) / "log").open("wb")
        process = subprocess.Popen(
            [_filled(word, words) for word in command],
            env={
                **os.environ,
                "PATH": f"{binaries}:{os.environ['PATH']}",
                **{key: _filled(value, words) for key, value in environment.items()},
            },
            cwd=folder,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield Running(int(words["{port}"]), process.pid, time.monotonic())
        except Exception:
            print((Path(name) / "log").read_text()[-2000:])
            raise
        finally:
            _end(process)
            log.close()


def folder_size(folder: Path) -> int:
    """Bytes of all files that an image would hold."""
    return sum(path.lstat().st_size for path in folder.rglob("*") if path.is_file() and "__pycache__" not in path.parts)


def _ports() -> dict[str, str]:
    return {name: str(free_port()) for name in ("{port}", "{other}", "{third}")}


def _filled(text: str, words: Mapping[str, str]) -> str:
    for word, value in words.items():
        text = text.replace(word, value)
    return text


def _session(leader: int) -> list[int]:
    """All processes of a session; jid's own children have sessions of their own, found by their parents."""
    found = [leader]
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            words = stat.read_text().rpartition(")")[2].split()
            pid, parent, session = int(stat.parent.name), int(words[1]), int(words[3])
            if pid != leader and (session == leader or parent in found):
                found.append(pid)
    return found


def _pss(pid: int) -> int:
    with contextlib.suppress(OSError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1])
    return 0


def _cpu(pid: int) -> float:
    nanoseconds = 0
    for stat in Path(f"/proc/{pid}/task").glob("*/schedstat"):
        with contextlib.suppress(OSError):
            nanoseconds += int(stat.read_text().split()[0])
    return nanoseconds / 1e6


def _end(process: subprocess.Popen[bytes]) -> None:
    """Some of them leave processes behind, others never end."""
    for pid in _session(process.pid):
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()
