"""Which processes run, seen as `ps` sees them."""

from __future__ import annotations

import time
from pathlib import Path


def running(word: str, patience: float = 0.0) -> set[int]:
    """IDs of the processes with `word` in their command line; waits up to `patience` seconds for none."""
    until = time.monotonic() + patience
    while (found := _running(word)) and time.monotonic() < until:
        time.sleep(0.05)
    return found


def _running(word: str) -> set[int]:
    found = set()
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                command = (entry / "cmdline").read_bytes()
            except OSError:
                continue
            if word.encode() in command:
                found.add(int(entry.name))
    return found
