"""What is wrong with a package, gathered so that a user sees all of it at once."""

from __future__ import annotations

from collections.abc import Iterable

from modelserver.errors import Fault, InvalidPackage

_MAX_SHOWN = 100


class Faults:
    """Faults as they are found, each once. The first 100 are shown, the rest counted."""

    def __init__(self) -> None:
        self._shown: dict[Fault, None] = {}
        self._more = 0

    def add(self, faults: Iterable[Fault]) -> None:
        for fault in faults:
            if fault in self._shown:
                continue
            if len(self._shown) < _MAX_SHOWN:
                self._shown[fault] = None
            else:
                self._more += 1

    def settle(self, subject: str) -> None:
        """Raises InvalidPackage if there are any. subject: what has them, for the sentence."""
        if not self._shown:
            return
        listed = list(self._shown)
        if self._more:
            listed.append(Fault("", "MORE_FAULTS", f"and {self._more} more", "mend the ones above first"))
        count = len(self._shown) + self._more
        raise InvalidPackage(f"{subject} has {count} faults." if count > 1 else sentence(listed[0]), faults=listed)


def sentence(fault: Fault) -> str:
    """One fault as the detail of a problem."""
    if fault.pointer:
        return f"{fault.pointer}: {fault.detail}."
    return f"{fault.detail[:1].upper()}{fault.detail[1:]}."
