"""Whether all that one JSON Schema allows, another one allows too: for the schemas that the runtime makes of types.

In doubt the answer is no: an unknown keyword must be the same on both sides.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import cast

from modelserver.jsontypes import JSON, Object

# Words for people, which allow and forbid nothing (json-schema.org/draft/2020-12, "Meta-Data Vocabulary").
_NOTES = frozenset({"title", "description", "default", "examples"})
_LEAST = {"minimum", "exclusiveMinimum", "minLength", "minItems"}
_MOST = {"maximum", "exclusiveMaximum", "maxLength", "maxItems"}
_FORMAT = "format"  # a file and a text are both strings, and nobody can use the one for the other
_KINDS: dict[str, tuple[type, ...]] = {
    "string": (str,),
    "integer": (int,),
    "number": (int, float),
    "boolean": (bool,),
    "array": (list,),
    "object": (dict,),
    "null": (type(None),),
}


def beyond(inner: Object, outer: Object, place: str = "") -> Iterator[str]:
    """What `inner` allows and `outer` does not, in words; nothing if all is within. place: a JSON pointer."""
    inner, outer = _bare(inner), _bare(outer)
    if not outer or is_same(inner, outer):
        return
    if "anyOf" in inner:
        for member in cast("list[Object]", inner["anyOf"]):
            yield from beyond(member, outer, place)
    elif "anyOf" in outer:
        if not any(_is_within(inner, member) for member in cast("list[Object]", outer["anyOf"])):
            yield _said(place, f"{_name(inner)} is none of {_name(outer)}")
    elif "enum" in inner:
        yield from _choices_beyond(cast("list[JSON]", inner["enum"]), outer, place)
    elif "enum" in outer:
        yield _said(place, f"{_name(inner)} is more than the choices {_name(outer)}")
    else:
        yield from _type_beyond(inner, outer, place)


def is_same(one: JSON, other: JSON) -> bool:
    """As JSON, where true is not 1."""
    return json.dumps(one, sort_keys=True) == json.dumps(other, sort_keys=True)


def _is_within(inner: Object, outer: Object) -> bool:
    return next(beyond(inner, outer), None) is None


def _choices_beyond(choices: list[JSON], outer: Object, place: str) -> Iterator[str]:
    foreign = [choice for choice in choices if not _takes(outer, choice)]
    if foreign:
        shown = ", ".join(json.dumps(choice) for choice in foreign)
        yield _said(place, f"{shown} is not within {_name(outer)}")


def _takes(schema: Object, value: JSON) -> bool:
    """Of texts, numbers, true, false and null, which are all that choices are made of."""
    if "enum" in schema:
        return any(value == choice and type(value) is type(choice) for choice in cast("list[JSON]", schema["enum"]))
    kinds = _KINDS.get(str(schema.get("type")), (object,))
    if isinstance(value, bool) and bool not in kinds and object not in kinds:
        return False
    return isinstance(value, kinds) and set(schema) == {"type"}


def _type_beyond(inner: Object, outer: Object, place: str) -> Iterator[str]:
    mine, theirs = inner.get("type"), outer.get("type")
    if theirs is not None and mine != theirs and (mine, theirs) != ("integer", "number"):
        yield _said(place, f"{_name(inner)} is no {_name(outer)}")
        return
    if inner.get(_FORMAT) != outer.get(_FORMAT):
        yield _said(place, f"{_name(inner)} is no {_name(outer)}")
        return
    for key, bound in outer.items():
        if key in _LEAST | _MOST:
            if not _is_bounded(inner.get(key), bound, key in _LEAST):
                mine_too = f"{key} {json.dumps(inner[key])}" if key in inner else f"what has no {key}"
                yield _said(place, f"{key} {json.dumps(bound)} leaves out a part of {mine_too}")
        elif key in ("items", "additionalProperties") and isinstance(bound, dict):
            within = inner.get(key, {})
            yield from beyond(within if isinstance(within, dict) else {}, bound, f"{place}/{key}")
        elif key not in ("type", "properties", "required", "additionalProperties") and inner.get(key) != bound:
            yield _said(place, f"{key} {json.dumps(bound)} is not {json.dumps(inner.get(key))}")
    yield from _members_beyond(inner, outer, place)


def _is_bounded(mine: JSON, theirs: JSON, least: bool) -> bool:
    if not isinstance(mine, (int, float)) or not isinstance(theirs, (int, float)):
        return False
    return mine >= theirs if least else mine <= theirs


def _members_beyond(inner: Object, outer: Object, place: str) -> Iterator[str]:
    mine, theirs = _members(inner), _members(outer)
    for name in sorted(set(cast("list[str]", outer.get("required", []))) - set(_required(inner))):
        yield _said(place, f"{name} must be there")
    if outer.get("additionalProperties") is False:
        for name in sorted(set(mine) - set(theirs)):
            yield _said(place, f"{name} is unknown")
        if inner.get("additionalProperties") is not False and inner.get("type") == "object":
            yield _said(place, "further members are not taken")
    for name in sorted(set(mine) & set(theirs)):
        yield from beyond(mine[name], theirs[name], f"{place}/{name}")


def _members(schema: Object) -> dict[str, Object]:
    return cast("dict[str, Object]", schema.get("properties") or {})


def _required(schema: Object) -> list[str]:
    return cast("list[str]", schema.get("required") or [])


def _bare(schema: Object) -> Object:
    return {key: value for key, value in schema.items() if key not in _NOTES}


def _name(schema: Object) -> str:
    """A schema in a few words."""
    if "anyOf" in schema:
        return " or ".join(_name(member) for member in cast("list[Object]", schema["anyOf"]))
    if "enum" in schema:
        return ", ".join(json.dumps(choice) for choice in cast("list[JSON]", schema["enum"]))
    if schema.get("format") == "uri":
        return "a file"
    return str(schema.get("type") or "anything")


def _said(place: str, what: str) -> str:
    return f"{place.lstrip('/')}: {what}" if place else what
