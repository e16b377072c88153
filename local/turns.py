"""Whose build is next: nobody's thousand uploads keep another one waiting.

An owner is the first part of a package's name, as `andreas` in andreas/scratch: the record holds it, so a restart
changes nothing, and behind a proxy, where all clients have one address and one token, it still tells them apart.
"""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

from modelserver.config import ModelName

T = TypeVar("T")


class Turns(Generic[T]):
    """One of each owner in turn; of an owner's, one of each name in turn; of a name's, the first that came.

    Not safe for threads at once.
    """

    def __init__(self) -> None:
        self._owners: dict[str, dict[ModelName, deque[T]]] = {}  # whose turn it is stands first

    def add(self, name: ModelName, item: T) -> None:
        names = self._owners.setdefault(_owner(name), {})
        names.setdefault(name, deque()).append(item)

    def take(self) -> T | None:
        """The next one, or None; its owner, and its name among the owner's, go to the end of the row."""
        if not self._owners:
            return None
        owner, names = _first(self._owners)
        name, items = _first(names)
        item = items.popleft()
        if items:
            names[name] = items
        if names:
            self._owners[owner] = names
        return item

    def drop(self, name: ModelName, item: T) -> bool:
        """Takes this one out of the row; whether it was there."""
        names = self._owners.get(_owner(name), {})
        items = names.get(name, deque())
        if item not in items:
            return False
        items.remove(item)
        if not items:
            del names[name]
        if not names:
            del self._owners[_owner(name)]
        return True


def _owner(name: ModelName) -> str:
    return name.partition("/")[0]


K = TypeVar("K")
V = TypeVar("V")


def _first(row: dict[K, V]) -> tuple[K, V]:
    """Removes it."""
    key = next(iter(row))
    return key, row.pop(key)
