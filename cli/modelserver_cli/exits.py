"""How a command ends: its exit status."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The status, and what it means for a script. A kept promise: numbers do not change their meaning."""

    DONE = 0, "done"
    REFUSED = 1, "the package is not valid, or its build, its test or its inference failed"
    USAGE = 2, "the command was called wrongly, or a file that it names cannot be used"
    NOT_FOUND = 3, "the server has no such package"
    NO_ACCESS = 4, "a token is missing or wrong"
    NO_SERVER = 5, "no modelserver answers there, or it fails; it may be worth trying again"
    DECLINED = 6, "the server does not take this: too large, no room, something changed meanwhile"
    INTERRUPTED = 130, "Ctrl-C"

    meaning: str

    def __new__(cls, value: int, meaning: str) -> Exit:
        made = int.__new__(cls, value)
        made._value_ = value
        made.meaning = meaning
        return made
