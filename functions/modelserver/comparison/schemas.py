"""What changed for callers between two schemas, and what breaks them.

Breaking is what a caller of the first model may run into with the second one:

- an input that is gone (it would be refused), or that must be given now;
- an input that takes less: another type, a narrower range or length, fewer choices;
- an output that may be something it never was: another type, a wider range, more choices; a stream that is none any
  more, or the other way round.

An input that takes more, an optional one more, an output that is narrower, another default and other words are not.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import cast

from modelserver.comparison.within import beyond, is_same
from modelserver.jsontypes import JSON, Object


@dataclass(frozen=True)
class Change:
    """path: `Input/<name>`, `Output` or `Stream`. because: in words. was, now: schemas or values; None: not there."""

    path: str
    breaking: bool
    because: str
    was: JSON = None
    now: JSON = None

    def to_json(self) -> Object:
        return {
            "Path": self.path,
            "Breaking": self.breaking,
            "Because": self.because,
            "From": self.was,
            "To": self.now,
        }


def schema_changes(old: Object, new: Object) -> list[Change]:
    """old, new: as a package has them, {"Input", "Output", "Stream"}; empty where a build showed none."""
    if not old or not new:
        return [] if old == new else [Change("", True, "one of them has no schema: it was never run")]
    return [
        *_inputs(_object(old, "Input"), _object(new, "Input")),
        *_output(_object(old, "Output"), _object(new, "Output")),
        *_stream(old.get("Stream"), new.get("Stream")),
    ]


def _inputs(old: Object, new: Object) -> Iterator[Change]:
    before, after = _object(old, "properties"), _object(new, "properties")
    for name in sorted(set(before) | set(after)):
        was, now = cast("Object | None", before.get(name)), cast("Object | None", after.get(name))
        if was is None:
            needed = name in _required(new)
            why = "a new input, which must be given" if needed else "a new input, which may be left out"
            yield Change(f"Input/{name}", needed, why, None, now)
        elif now is None:
            yield Change(f"Input/{name}", True, "the input is gone, and whoever gives it is refused", was)
        else:
            yield from _input(name, was, now, name in _required(old), name in _required(new))


def _input(name: str, was: Object, now: Object, was_needed: bool, is_needed: bool) -> Iterator[Change]:
    path = f"Input/{name}"
    if is_needed and not was_needed:
        yield Change(path, True, "the input must be given now", was, now)
    elif was_needed and not is_needed:
        yield Change(path, False, "the input may be left out now", was, now)
    elif not is_same(was.get("default"), now.get("default")):
        defaults = f"{json.dumps(was.get('default'))}, and is {json.dumps(now.get('default'))} now"
        yield Change(path, False, f"the default was {defaults}", was, now)
    if narrower := list(beyond(was, now)):
        yield Change(path, True, f"it takes less: {'; '.join(narrower)}", was, now)
    elif wider := list(beyond(now, was)):
        yield Change(path, False, f"it takes more: {'; '.join(wider)}", was, now)


def _output(was: Object, now: Object) -> Iterator[Change]:
    if wider := list(beyond(now, was)):
        yield Change("Output", True, f"it may be what it never was: {'; '.join(wider)}", was, now)
    elif narrower := list(beyond(was, now)):
        yield Change("Output", False, f"it is narrower: {'; '.join(narrower)}", was, now)


def _stream(was: JSON, now: JSON) -> Iterator[Change]:
    if bool(was) != bool(now):
        why = "the output comes piece by piece now" if now else "the output comes as a whole now"
        yield Change("Stream", True, why, was, now)


def _object(schema: Object, key: str) -> Object:
    found = schema.get(key)
    return found if isinstance(found, dict) else {}


def _required(schema: Object) -> list[str]:
    return cast("list[str]", schema.get("required") or [])
