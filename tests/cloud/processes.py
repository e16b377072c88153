"""Starting servers for tests, and ending exactly those."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

_PATIENCE = 60.0


class DidNotStart(Exception):
    """A server that ended at once, or does not listen."""


def free_port() -> int:
    """One of 127.0.0.1 that nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def await_port(port: int, process: subprocess.Popen[bytes]) -> None:
    """Returns when something listens there. Raises DidNotStart when the process ends before, or after a minute."""
    until = time.monotonic() + _PATIENCE
    while time.monotonic() < until and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise DidNotStart(f"{process.args!r} does not listen on port {port}")


@contextmanager
def ended(process: subprocess.Popen[bytes]) -> Iterator[subprocess.Popen[bytes]]:
    """Ends the process with the block, and what it started if it leads a process group."""
    try:
        yield process
    finally:
        leads = process.poll() is None and os.getpgid(process.pid) == process.pid
        if leads:
            os.killpg(process.pid, signal.SIGKILL)
        else:
            process.kill()
        process.wait()
