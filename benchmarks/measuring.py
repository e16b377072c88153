"""What the benchmarks share: ports, memory as the kernel counts it, and time as whoever types sees it."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

_PATIENCE = 600.0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def in_turn(
    ours: Callable[[], float], theirs: Callable[[], float], rounds: int, warm: bool = False
) -> list[tuple[float, float]]:
    """A B A B: pairs of what both found. warm: a pair goes before that does not count."""
    pairs = [(ours(), theirs()) for _ in range(rounds + warm)]
    return pairs[warm:]


def timed(words: list[str], **options: str | Path) -> float:
    """Seconds of a command that must succeed. options: of subprocess.run. Raises RuntimeError with its last words."""
    began = time.perf_counter()
    done = subprocess.run(words, capture_output=True, timeout=_PATIENCE, **options)  # type: ignore[call-overload]
    seconds = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"{words[0]} ended with {done.returncode}: {done.stderr.decode(errors='replace')[-500:]}")
    return seconds


def curl(expected: str, address: str, *words: str) -> float:
    """Seconds of one request, curl's own start included. expected: the status. Raises RuntimeError for another."""
    command = ["curl", "--silent", "--output", os.devnull, "--write-out", "%{http_code}", *words, address]
    began = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=_PATIENCE)
    seconds = time.perf_counter() - began
    if done.stdout != expected:
        raise RuntimeError(f"{address} answered {done.stdout}, not {expected}")
    return seconds


def peak_memory(pid: int) -> int:
    """VmHWM of a process and all its children, in bytes."""
    return sum(_peak(each) for each in family(pid))


def family(pid: int) -> list[int]:
    """A process and all below it, itself first."""
    found = [pid]
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            found += family(int(child))
    return found


def _peak(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return 0
