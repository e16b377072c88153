"""Whose modules an import finds in the model's process: the user's own first, and ours never in their way."""

import os
import sys
import types
from contextlib import contextmanager
from typing import Dict, FrozenSet, Iterator, List


class Room:
    """The user's directory. at_start: modules that Python had loaded by itself, which are nobody's to give."""

    def __init__(self, source: str, at_start: FrozenSet[str]) -> None:
        self.source = source
        self._at_start = at_start

    def give(self) -> None:
        """Put the user's directory first and ours last on the import path.

        What we imported and they have under the same name is forgotten: their `import http` finds their http.py,
        as it would without us; we keep what we hold.
        """
        sys.path[:] = [self.source] + sys.path[1:] + sys.path[:1]
        for name in self._theirs():
            del sys.modules[name]

    @contextmanager
    def ours(self) -> Iterator[None]:
        """Imports in here find the standard library, whatever the user calls their modules."""
        path = list(sys.path)
        held: Dict[str, types.ModuleType] = {name: sys.modules.pop(name) for name in self._theirs()}
        sys.path[:] = [entry for entry in path if entry != self.source]
        try:
            yield
        finally:
            sys.path[:] = path
            for name in self._theirs():
                del sys.modules[name]
            sys.modules.update(held)

    def _theirs(self) -> List[str]:
        """Loaded modules with a name that the user's directory has too."""
        names = os.listdir(self.source) if os.path.isdir(self.source) else []
        own = {name[:-3] if name.endswith(".py") else name for name in names} - self._at_start - {"jid"}
        return [name for name in sys.modules if name.partition(".")[0] in own]
