"""Which runs are under way in which thread, and which of them nobody wants any more."""

import threading
from contextlib import contextmanager
from typing import Dict, Iterator, List, Set


class Interrupts:
    """Interrupts the model's code in a thread by KeyboardInterrupt, once all runs in it are cancelled.

    A thread is interrupted when it is back in Python: a call that waits or computes in C ends first.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._newest = 0
        self._here: Set[int] = set()
        self._cancelled: Set[int] = set()
        self._inside: Dict[int, List[int]] = {}  # runs whose code a thread is in, by thread

    def came(self, run: int) -> None:
        """A run was ordered; their numbers rise."""
        with self._lock:
            self._newest = run
            self._here.add(run)

    def went(self, runs: List[int]) -> None:
        """These runs are over."""
        with self._lock:
            self._here.difference_update(runs)
            self._cancelled.difference_update(runs)

    def is_cancelled(self, run: int) -> bool:
        """Whether nobody wants this run any more."""
        return run in self._cancelled

    def cancel(self, run: int) -> None:
        """Nobody wants this run any more."""
        with self._lock:
            if run <= self._newest and run not in self._here:
                return  # it is over
            self._cancelled.add(run)
            for thread, runs in self._inside.items():
                if run in runs and self._cancelled.issuperset(runs):
                    _interrupt(thread, True)

    @contextmanager
    def among(self, runs: List[int]) -> Iterator[None]:
        """The model's code for these runs is in here."""
        thread = threading.get_ident()
        with self._lock:
            self._inside[thread] = runs
        try:
            yield
        finally:
            with self._lock:
                del self._inside[thread]
                if self._cancelled.issuperset(runs):
                    _interrupt(thread, False)  # if it has not come yet, it must not come later


def _interrupt(thread: int, wanted: bool) -> None:
    """Raise KeyboardInterrupt in a thread, or take that back."""
    try:
        import ctypes  # only now: it is seldom needed, and seldom missing
    except ImportError:
        return
    error = ctypes.py_object(KeyboardInterrupt) if wanted else None
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), error)
