"""Which changes of a schema break callers, by a table; and that nothing is called harmless which is not."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from modelserver.comparison.schemas import schema_changes
from modelserver.comparison.within import beyond
from modelserver.jsontypes import Object

_FILE: Object = {"type": "string", "format": "uri"}
_TEXT: Object = {"type": "string"}
_WHOLE: Object = {"type": "integer"}
_NUMBER: Object = {"type": "number"}
_LIST: Object = {"type": "array", "items": _WHOLE}


def _schema(
    inputs: dict[str, Any], required: tuple[str, ...] = (), output: Object = _TEXT, stream: bool = False
) -> Any:
    members = {"type": "object", "properties": inputs, "required": list(required), "additionalProperties": False}
    return {"Input": members, "Output": output, "Stream": stream}


def _verdicts(old: Any, new: Any) -> list[tuple[str, bool]]:
    return [(change.path, change.breaking) for change in schema_changes(old, new)]


def _of_input(was: Object, now: Object) -> list[bool]:
    return [breaking for _, breaking in _verdicts(_schema({"a": was}), _schema({"a": now}))]


def _of_output(was: Object, now: Object) -> list[bool]:
    return [breaking for _, breaking in _verdicts(_schema({}, output=was), _schema({}, output=now))]


def test_the_same_schema_has_no_changes() -> None:
    schema = _schema({"a": {**_WHOLE, "minimum": 1, "default": 2}, "b": {"anyOf": [_TEXT, _FILE]}}, ("b",))
    assert _verdicts(schema, schema) == []


def test_what_is_there_or_must_be() -> None:
    bare, optional, needed = _schema({}), _schema({"a": _TEXT}), _schema({"a": _TEXT}, ("a",))
    assert _verdicts(optional, bare) == [("Input/a", True)]
    assert _verdicts(bare, optional) == [("Input/a", False)]
    assert _verdicts(bare, needed) == [("Input/a", True)]
    assert _verdicts(optional, needed) == [("Input/a", True)]
    assert _verdicts(needed, optional) == [("Input/a", False)]


@pytest.mark.parametrize(
    ("small", "large"),
    [
        (_WHOLE, _NUMBER),
        (_TEXT, {}),
        (_TEXT, {"anyOf": [_TEXT, {"type": "null"}]}),
        ({"anyOf": [_TEXT, _WHOLE]}, {"anyOf": [_NUMBER, _FILE, _TEXT]}),
        ({**_WHOLE, "minimum": 1, "maximum": 5}, {**_WHOLE, "minimum": 1}),
        ({**_WHOLE, "minimum": 1}, {**_WHOLE, "minimum": 0}),
        ({**_TEXT, "maxLength": 5}, _TEXT),
        ({**_TEXT, "maxLength": 5}, {**_TEXT, "maxLength": 6}),
        ({**_TEXT, "pattern": "a+"}, _TEXT),
        ({**_FILE, "contentMediaType": "image/*"}, _FILE),
        ({"enum": ["a"]}, {"enum": ["a", "b"]}),
        ({"enum": ["a", "b"]}, _TEXT),
        ({"enum": [1, 2]}, _NUMBER),
        ({"enum": [1]}, {"enum": [1, True]}),
        (_LIST, {"type": "array"}),
        (_LIST, {"type": "array", "items": _NUMBER}),
        ({**_LIST, "minItems": 1}, _LIST),
        ({"type": "object", "additionalProperties": _WHOLE}, {"type": "object"}),
        (_schema({"a": _TEXT}, ("a",))["Input"], _schema({"a": _TEXT})["Input"]),
        (_schema({"a": _TEXT})["Input"], _schema({"a": _TEXT, "b": _TEXT})["Input"]),
    ],
    ids=str,
)
def test_less_breaks_an_input_and_more_an_output(small: Object, large: Object) -> None:
    assert _of_input(small, large) == [False]
    assert _of_input(large, small) == [True]
    assert _of_output(small, large) == [True]
    assert _of_output(large, small) == [False]


@pytest.mark.parametrize(
    ("was", "now"),
    [
        (_TEXT, _WHOLE),
        (_TEXT, _FILE),
        ({"enum": ["a"]}, {"enum": ["b"]}),
        ({"enum": [1]}, {"enum": [True]}),
        ({**_WHOLE, "minimum": 0, "maximum": 5}, {**_WHOLE, "minimum": 1, "maximum": 6}),
        (_LIST, {"type": "array", "items": _TEXT}),
    ],
    ids=str,
)
def test_another_one_breaks_either(was: Object, now: Object) -> None:
    assert _of_input(was, now)[0] is True
    assert _of_output(was, now)[0] is True


def test_words_and_defaults_break_nothing() -> None:
    assert _of_input({**_TEXT, "default": "a"}, {**_TEXT, "default": "b"}) == [False]
    assert _of_input({**_TEXT, "description": "a"}, {**_TEXT, "description": "b"}) == []


def test_a_stream_that_comes_or_goes_breaks() -> None:
    assert _verdicts(_schema({}), _schema({}, stream=True)) == [("Stream", True)]


def test_without_a_schema_nothing_is_promised() -> None:
    assert _verdicts({}, {}) == []
    assert _verdicts({}, _schema({})) == [("", True)]


def test_the_reason_is_in_words() -> None:
    old, new = _schema({"times": {**_WHOLE, "maximum": 10}}), _schema({"times": {**_WHOLE, "maximum": 5}})
    (change,) = schema_changes(old, new)
    assert change.because == "it takes less: maximum 5 leaves out a part of maximum 10"


_KINDS = ("string", "integer", "number", "boolean", "null", "array", "object")
_SIMPLE = st.sampled_from([{"type": kind} for kind in _KINDS])
_BOUNDED = st.builds(
    lambda kind, bounds: {"type": kind, **bounds},
    st.sampled_from(["integer", "number"]),
    st.dictionaries(st.sampled_from(["minimum", "maximum"]), st.integers(-2, 2)),
)
_CHOICES = st.builds(lambda some: {"enum": some}, st.lists(st.sampled_from(["a", "b", 1, 2, True, None]), min_size=1))
_RECORDS = st.builds(
    lambda members, needed, more: {
        "type": "object",
        "properties": members,
        "required": sorted(needed & set(members)),
        "additionalProperties": more,
    },
    st.dictionaries(st.sampled_from("pq"), _SIMPLE | _BOUNDED),
    st.sets(st.sampled_from("pq")),
    st.booleans(),
)
_SCHEMAS = st.recursive(
    st.just({}) | _SIMPLE | _BOUNDED | _CHOICES | _RECORDS,
    lambda inner: (
        st.builds(lambda each: {"anyOf": each}, st.lists(inner, min_size=1, max_size=2))
        | st.builds(lambda item: {"type": "array", "items": item}, inner)
    ),
    max_leaves=3,
)
_VALUES = st.recursive(
    st.sampled_from(["a", "b", "", 0, 1, 2, -2, 3, 0.5, True, False, None]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("pqr"), inner, max_size=2),
    max_leaves=3,
)


@settings(max_examples=1500, deadline=None)
@given(_SCHEMAS, _SCHEMAS, st.lists(_VALUES, min_size=5, max_size=5))
def test_what_is_called_within_takes_nothing_more(inner: Any, outer: Any, values: list[Any]) -> None:
    """Held to the reference reading of JSON Schema."""
    if not list(beyond(inner, outer)):
        for value in values:
            assert not Draft202012Validator(inner).is_valid(value) or Draft202012Validator(outer).is_valid(value)
