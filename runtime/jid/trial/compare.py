"""An output against what an example expects: where they differ, in one sentence."""

import hashlib
import json
import os
from typing import Any, Optional

_TOLERANCE = 1e-4  # of numbers, absolute or relative
_SHOWN = 300  # characters of a value in a sentence


def difference(expected: Any, got: Any, place: str = "") -> Optional[str]:
    """None when they agree: text exactly, numbers within 1e-4 (absolute or relative), JSON deeply."""
    if _is_number(expected) and _is_number(got):
        return None if _close(expected, got) else _differs(expected, got, place)
    if isinstance(expected, dict) and isinstance(got, dict):
        return _objects(expected, got, place)
    if isinstance(expected, list) and isinstance(got, list):
        return _lists(expected, got, place)
    same = type(expected) is type(got) and expected == got
    return None if same else _differs(expected, got, place)


def file_difference(expected: str, got: str) -> Optional[str]:
    """None when the two files hold the same bytes."""
    with open(expected, "rb") as one, open(got, "rb") as other:
        if one.read() == other.read():
            return None
    return "expected the file {} ({}), got {} ({})".format(
        os.path.basename(expected), _summary(expected), os.path.basename(got), _summary(got)
    )


def sha256(path: str) -> str:
    """The hex digest of a file."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        for piece in iter(lambda: file.read(1 << 20), b""):
            digest.update(piece)
    return digest.hexdigest()


def _objects(expected: Any, got: Any, place: str) -> Optional[str]:
    for key in expected:
        if key not in got:
            return "expected {}/{}, which the output does not have".format(place, key)
    for key in got:
        if key not in expected:
            return "the output has {}/{}, which is not expected".format(place, key)
    found = (difference(expected[key], got[key], "{}/{}".format(place, key)) for key in expected)
    return next((one for one in found if one), None)


def _lists(expected: Any, got: Any, place: str) -> Optional[str]:
    if len(expected) != len(got):
        return _differs(expected, got, place) + ", {} items and not {}".format(len(got), len(expected))
    found = (difference(one, got[index], "{}/{}".format(place, index)) for index, one in enumerate(expected))
    return next((one for one in found if one), None)


def _differs(expected: Any, got: Any, place: str) -> str:
    return "{}expected {}, got {}".format("at " + place + ": " if place else "", _shown(expected), _shown(got))


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _SHOWN else text[:_SHOWN] + "..."


def _summary(path: str) -> str:
    return "{} bytes, SHA-256 {}...".format(os.path.getsize(path), sha256(path)[:12])


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _close(one: float, other: float) -> bool:
    return one == other or abs(one - other) <= _TOLERANCE * max(1.0, abs(one), abs(other))
