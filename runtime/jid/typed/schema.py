"""Type hints as JSON Schema (2020-12), the one description that checks, OpenAPI and the metadata share."""

import re
from typing import Any, List, Optional

from jid.model import Asked
from jid.path import Path
from jid.typed import hints
from jid.typed.shape import Schema, choices_of, file_schema

_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", list: "array", dict: "object"}
_TAKEN = (
    "str, int, float, bool, bytes, list, dict, List, Dict, Optional, Union, Literal, Any, jid.Path, an Enum, "
    "a dataclass, a TypedDict, numpy.ndarray and PIL.Image.Image"
)
_DEEPEST = 20  # levels of types in types


class Unsupported(Exception):
    """The hint has no JSON Schema; the text says why and what to write instead."""


def schema_of(hint: Any, depth: int = 0) -> Schema:
    """The JSON Schema of one type. A file is a string of format uri. Raises Unsupported."""
    if hint is Any:
        return {}
    if hint is None or hint is type(None):
        return {"type": "null"}
    if depth > _DEEPEST:
        raise Unsupported("{} is nested too deeply, or in itself".format(hints.text_of(hint)))
    kind = hints.kind_of(hint)
    if kind in _OF_CLASSES:
        return _OF_CLASSES[kind](hint, depth)
    return _OF_ARGUMENTS[kind](hints.arguments_of(hint), depth + 1)


def narrowed(schema: Schema, asked: Asked) -> Schema:
    """The schema with what `jid.Input` was told; bounds go to the member of a union that they fit."""
    if "anyOf" in schema:
        members = [member if member.get("type") == "null" else _bounded(member, asked) for member in schema["anyOf"]]
        bounded: Schema = dict(schema, anyOf=members)
    else:
        bounded = _bounded(schema, asked)
    return dict(bounded, description=asked.description) if asked.description else bounded


def _bounded(schema: Schema, asked: Asked) -> Schema:
    kind = schema.get("type")
    if kind not in ("integer", "number") and (asked.ge is not None or asked.le is not None):
        raise Unsupported("ge and le need a number")
    if kind not in ("string", "array") and (asked.min_length is not None or asked.max_length is not None):
        raise Unsupported("min_length and max_length need a text or a list")
    if kind != "string" and asked.regex is not None:
        raise Unsupported("regex needs a text")
    _readable(asked.regex)
    length = "Length" if kind == "string" else "Items"
    said = {
        "minimum": asked.ge,
        "maximum": asked.le,
        "min" + length: asked.min_length,
        "max" + length: asked.max_length,
        "pattern": asked.regex,
        "enum": asked.choices,
    }
    return dict(schema, **{key: value for key, value in said.items() if value is not None})


def _readable(regex: Optional[str]) -> None:
    try:
        re.compile(regex or "")
    except re.error as error:
        raise Unsupported("the regex {!r} cannot be read: {}".format(regex, error)) from error


def _plain(hint: Any, depth: int) -> Schema:
    if isinstance(hint, type) and issubclass(hint, Path):
        return file_schema()
    if isinstance(hint, type) and hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    raise Unsupported("{} is not a type that can be sent; use {}".format(hints.text_of(hint), _TAKEN))


def _bytes(hint: Any, depth: int) -> Schema:
    return file_schema()


def _image(hint: Any, depth: int) -> Schema:
    return dict(file_schema(), contentMediaType="image/*")


def _numbers(hint: Any, depth: int) -> Schema:
    """Numbers in lists of any depth, or a file as numpy.save makes it."""
    return {"anyOf": [{"type": "array"}, file_schema()]}


def _choice(hint: Any, depth: int) -> Schema:
    return _literal([member.value for member in hint], depth)


def _record(hint: Any, depth: int) -> Schema:
    try:
        fields = hints.fields_of(hint)
    except Exception as error:
        text = "a type in {} cannot be read: {}: {}".format(hints.text_of(hint), type(error).__name__, error)
        raise Unsupported(text) from error
    schema: Schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}
    for field in fields:
        try:
            schema["properties"][field.name] = schema_of(field.hint, depth + 1)
        except Unsupported as error:
            raise Unsupported("{}.{}: {}".format(hints.text_of(hint), field.name, error)) from error
        if field.is_required:
            schema["required"].append(field.name)
    return schema


def _list(arguments: List[Any], depth: int) -> Schema:
    return {"type": "array", "items": schema_of(arguments[0], depth)} if arguments else {"type": "array"}


def _dict(arguments: List[Any], depth: int) -> Schema:
    if not arguments:
        return {"type": "object"}
    if arguments[0] is not str:
        raise Unsupported("the keys of a JSON object are text, so write Dict[str, ...]")
    return {"type": "object", "additionalProperties": schema_of(arguments[1], depth)}


def _union(arguments: List[Any], depth: int) -> Schema:
    members: List[Schema] = []
    for one in arguments:
        members += choices_of(schema_of(one, depth))
    return {"anyOf": members}


def _literal(arguments: List[Any], depth: int) -> Schema:
    if not all(value is None or isinstance(value, (str, int, bool)) for value in arguments):
        raise Unsupported("only texts, whole numbers, True, False and None can be choices")
    return {"enum": arguments}


_OF_CLASSES = {
    hints.PLAIN: _plain,
    hints.BYTES: _bytes,
    hints.IMAGE: _image,
    hints.ARRAY: _numbers,
    hints.CHOICE: _choice,
    hints.RECORD: _record,
}
_OF_ARGUMENTS = {
    hints.LIST: _list,
    hints.DICT: _dict,
    hints.UNION: _union,
    hints.LITERAL: _literal,
    hints.STREAM: _list,
}
