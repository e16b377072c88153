"""What a process of the server asks of the kernel about itself (prctl(2)); nothing where the kernel is no Linux."""

from __future__ import annotations

import ctypes
import signal
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4


def end_with_parent() -> None:
    """However the parent ends, kill -9 too, so that nobody is left who holds the port and the data folder."""
    _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def hide() -> None:
    """Memory and environment, so the token too, from other processes of the same user; root sees all the same.

    A program that is started afterwards is not hidden (execve(2)); a forked process is.
    """
    _prctl(_PR_SET_DUMPABLE, 0)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value, 0, 0, 0)
