"""Values as words: sizes, times, and texts that a stranger wrote."""

from __future__ import annotations

import unicodedata
from datetime import datetime, timezone

_UNITS = ("kB", "MB", "GB", "TB")
_AGES = ((86_400 * 365, "year"), (86_400 * 30, "month"), (86_400, "day"), (3600, "hour"), (60, "minute"))


def size(count: int) -> str:
    """Bytes, as disks are sold: 1 kB is 1000 bytes."""
    if count < 1000:
        return f"{count} B"
    power = next((power for power in range(1, len(_UNITS)) if count < 999.95 * 1000**power), len(_UNITS))
    return f"{count / 1000**power:.1f} {_UNITS[power - 1]}"


def seconds(value: float) -> str:
    """A duration, as precise as it is of use."""
    if value < 10:
        return f"{value:.1f} s"
    if value < 60:
        return f"{value:.0f} s"
    return f"{int(value) // 60} min {int(value) % 60} s"


def count(number: int, noun: str) -> str:
    """1 file, 2 files."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def age(created: str) -> str:
    """Of an RFC 3339 time; "" if it is none."""
    try:
        past = (datetime.now(timezone.utc) - datetime.fromisoformat(created.replace("Z", "+00:00"))).total_seconds()
    except (ValueError, TypeError):
        return ""
    for length, noun in _AGES:
        if past >= length:
            return f"{count(int(past // length), noun)} ago"
    return "just now"


def clean(text: str) -> str:
    """The text without what would steer a terminal: control characters, and those that turn its direction."""
    return "".join(letter for letter in text if letter in "\n\t" or not _steers(letter))


def line(text: str) -> str:
    """The same on one line."""
    return " ".join(clean(text).split())


def _steers(letter: str) -> bool:
    return unicodedata.category(letter) == "Cc" or "\u202a" <= letter <= "\u202e" or "\u2066" <= letter <= "\u2069"
