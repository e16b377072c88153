"""Runs one command and, however it ends, leaves no process of it behind.

A program of its own (`python -I supervisor.py LIMITS COMMAND ...`), standard library only, so that it
outlives nothing: when its standard input closes, because the server asked or died, all is killed.
LIMITS is JSON: seconds, memory (bytes), processes, disk (bytes), folder (whose size counts as disk).
Exit status: the command's own, or one of the codes below. On Linux it adopts every orphan of the command
(PR_SET_CHILD_SUBREAPER), so that nothing escapes by forking twice; elsewhere it kills the process group.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import select
import signal
import subprocess
import sys
import time
from pathlib import Path

STOPPED, TOO_LONG, TOO_MUCH_MEMORY, TOO_MANY_PROCESSES, TOO_MUCH_DISK = range(240, 245)

_PR_SET_CHILD_SUBREAPER = 36
_PAGE = resource.getpagesize()
_PROC = Path("/proc")
_INTERVAL = 0.05


def main(limits_text: str, command: list[str]) -> int:
    limits: dict[str, float] = {}
    settings = json.loads(limits_text)
    folder = Path(settings.pop("folder"))
    limits.update(settings)
    _adopt_orphans()
    try:
        child = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, start_new_session=True, preexec_fn=lambda: _restrict(limits)
        )
    except OSError as error:
        print(f"{command[0]}: {error.strerror}", file=sys.stderr)
        return 127
    try:
        return _watch(child, limits, folder)
    finally:
        _kill(child.pid)


def _watch(child: subprocess.Popen[bytes], limits: dict[str, float], folder: Path) -> int:
    until = time.monotonic() + limits["seconds"]
    rounds = 0
    while child.poll() is None:
        if select.select([sys.stdin], [], [], _INTERVAL)[0]:
            return STOPPED
        if time.monotonic() >= until:
            return TOO_LONG
        rounds += 1
        if code := _over(limits) or (rounds % 20 == 0 and _disk(folder) > limits["disk"] and TOO_MUCH_DISK):
            return code
        _reap(child)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


def _over(limits: dict[str, float]) -> int:
    family = _descendants()
    if len(family) > limits["processes"]:
        return TOO_MANY_PROCESSES
    return TOO_MUCH_MEMORY if sum(map(_resident, family)) > limits["memory"] else 0


def _kill(group: int) -> None:
    """Twice round is enough for those who fork while they die: what is stopped does not fork."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    while family := _descendants():
        for number in (signal.SIGSTOP, signal.SIGKILL):
            for pid in family:
                with contextlib.suppress(ProcessLookupError, PermissionError):
                    os.kill(pid, number)
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass


def _reap(child: subprocess.Popen[bytes]) -> None:
    """Adopted orphans that have ended; the command itself is left for Popen to wait for."""
    for pid in _descendants():
        if pid != child.pid and _parent(pid) == os.getpid():
            with contextlib.suppress(ChildProcessError):
                os.waitpid(pid, os.WNOHANG)


def _descendants() -> list[int]:
    """Of this process, near and far; empty where there is no /proc."""
    children: dict[int, list[int]] = {}
    for entry in os.listdir(_PROC) if _PROC.is_dir() else ():  # noqa: PTH208
        if entry.isdigit():
            children.setdefault(_parent(int(entry)), []).append(int(entry))
    family, waiting = [], [os.getpid()]
    while waiting:
        found = children.get(waiting.pop(), [])
        family += found
        waiting += found
    return family


def _parent(pid: int) -> int:
    """The command's name may hold spaces and brackets: the fields count from the last one."""
    try:
        return int((_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def _resident(pid: int) -> int:
    try:
        return int((_PROC / str(pid) / "statm").read_text().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0


def _disk(folder: Path) -> int:
    total = 0
    for where, _, names in os.walk(folder):
        for name in names:
            with contextlib.suppress(OSError):
                total += os.lstat(os.path.join(where, name)).st_blocks * 512  # noqa: PTH118
    return total


def _adopt_orphans() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def _restrict(limits: dict[str, float]) -> None:
    """In the child, before the command."""
    disk = int(limits["disk"])
    resource.setrlimit(resource.RLIMIT_FSIZE, (disk, disk))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
