"""Runs one command and, however it ends, leaves no process of it behind.

A program of its own (`python -I supervisor.py LIMITS COMMAND ...`), standard library only, so that it
outlives nothing: when its standard input closes, because the server asked or died, all is killed.
LIMITS is JSON: seconds, memory (bytes), processes, disk (bytes), folder (whose size counts as disk), nice.
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
from collections.abc import Callable, Iterator
from pathlib import Path

STOPPED, TOO_LONG, TOO_MUCH_MEMORY, TOO_MANY_PROCESSES, TOO_MUCH_DISK = range(240, 245)

_PR_SET_CHILD_SUBREAPER = 36
_PAGE = resource.getpagesize()
_PROC = Path("/proc")
_OWN_CHILDREN = _PROC / "self" / "task" / str(os.getpid()) / "children"
_SHORTEST, _LONGEST = 0.01, 0.2
_DISK_INTERVAL = 1.0
_LAST_WORDS = 10.0


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
    """Looks often at first, then five times a second; the end of the command, or of the server, is seen at once."""
    until = time.monotonic() + limits["seconds"]
    interval, disk = _SHORTEST, _Disk(folder)
    with _ending(child) as ends:
        while child.poll() is None:
            if sys.stdin in select.select([sys.stdin, *ends], [], [], interval)[0]:
                return STOPPED
            if time.monotonic() >= until:
                return TOO_LONG
            gone = _reap(child)
            if code := _over(_family(), gone, limits) or (disk.used() > limits["disk"] and TOO_MUCH_DISK):
                return code
            interval = min(2 * interval, _LONGEST)
    return child.returncode if child.returncode >= 0 else 128 - child.returncode


@contextlib.contextmanager
def _ending(child: subprocess.Popen[bytes]) -> Iterator[list[int]]:
    """What becomes readable when the command ends; nothing on kernels without pidfd_open (Linux 5.3)."""
    try:
        opened = [os.pidfd_open(child.pid)]
    except (AttributeError, OSError):
        opened = []
    try:
        yield opened
    finally:
        for number in opened:
            os.close(number)


def _over(family: list[int], gone: int, limits: dict[str, float]) -> int:
    """gone: orphans that ended since the last look; who forks to get away is counted by them."""
    if len(family) + gone > limits["processes"]:
        return TOO_MANY_PROCESSES
    return TOO_MUCH_MEMORY if sum(map(_resident, family)) > limits["memory"] else 0


def _kill(group: int) -> None:
    """Until nobody is left: every orphan becomes a child of this process, so without children there is no family.

    Own children are killed as soon as they are listed, as one that forks and ends lives for a moment only. Those
    below are stopped before their children are looked up, so that they make no more of them meanwhile. Whoever
    cannot be killed, as it waits for a disk that does not answer, is left after ten seconds.
    """
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    with contextlib.suppress(PermissionError):
        os.setpriority(os.PRIO_PROCESS, 0, -20)
    until, before = time.monotonic() + _LAST_WORDS, [group]
    while _reap_all() and time.monotonic() < until:
        for pid in _children(os.getpid()):
            _signal(pid, signal.SIGKILL)
        family = _family(_stop)
        for pid in family:
            _signal(pid, signal.SIGKILL)
        if family == before:
            time.sleep(_SHORTEST)
        before = family


def _reap(child: subprocess.Popen[bytes]) -> int:
    """How many adopted orphans have ended; the command itself is left for Popen to wait for."""
    count = 0
    with contextlib.suppress(ChildProcessError):
        while (ended := os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)) and ended.si_pid != child.pid:
            os.waitpid(ended.si_pid, 0)
            count += 1
    return count


def _reap_all() -> bool:
    """Whether any child is left."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        return False
    return True


def _stop(pid: int) -> None:
    _signal(pid, signal.SIGSTOP)


def _signal(pid: int, number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.kill(pid, number)


def _family(meet: Callable[[int], object] = lambda pid: None) -> list[int]:
    """The descendants of this process, near and far; empty where there is no /proc.

    meet: called with each, before its children are looked up.
    """
    children = _children if _OWN_CHILDREN.exists() else _children_by_parent()
    family = children(os.getpid())
    for pid in family:  # grows while it is read
        meet(pid)
        family += children(pid)
    return family


def _children(pid: int) -> list[int]:
    """Of all threads of a process; none when it has ended."""
    found: list[int] = []
    with contextlib.suppress(OSError):
        for thread in (_PROC / str(pid) / "task").iterdir():
            found += map(int, (thread / "children").read_text().split())
    return found


def _children_by_parent() -> Callable[[int], list[int]]:
    """The same on kernels that keep no list of children (CONFIG_PROC_CHILDREN): everybody's parent, read once."""
    children: dict[int, list[int]] = {}
    for entry in _PROC.glob("[0-9]*"):
        children.setdefault(_parent(entry), []).append(int(entry.name))
    return lambda pid: children.get(pid, [])


def _parent(process: Path) -> int:
    """The command's name may hold spaces and brackets: the fields count from the last one."""
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def _resident(pid: int) -> int:
    try:
        return int((_PROC / str(pid) / "statm").read_text().split()[1]) * _PAGE
    except (OSError, ValueError, IndexError):
        return 0


class _Disk:
    """Bytes below a folder, counted anew at most once a second."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._bytes = 0
        self._next = time.monotonic() + _DISK_INTERVAL

    def used(self) -> int:
        if time.monotonic() >= self._next:
            self._bytes = _disk(self._folder)
            self._next = time.monotonic() + _DISK_INTERVAL
        return self._bytes


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
    os.nice(int(limits["nice"]))
    disk = int(limits["disk"])
    resource.setrlimit(resource.RLIMIT_FSIZE, (disk, disk))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
