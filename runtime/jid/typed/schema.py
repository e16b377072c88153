"""Type hints as JSON Schema (2020-12), the one description that checks, OpenAPI and the metadata share."""

import re
from typing import Any, Dict, List, Optional, cast

from jid.model import Asked, Path
from jid.typed import hints

Schema = Dict[str, Any]  # a JSON Schema object

_PLAIN = {str: "string", int: "integer", float: "number", bool: "boolean", list: "array", dict: "object"}
_TAKEN = "str, int, float, bool, list, dict, List, Dict, Optional, Union, Literal, Any and jid.Path"


class Unsupported(Exception):
    """The hint has no JSON Schema; the text says why and what to write instead."""


def schema_of(hint: Any) -> Schema:
    """The JSON Schema of one type. A file is a string of format uri. Raises Unsupported."""
    if hint is Any:
        return {}
    if hint is None or hint is type(None):
        return {"type": "null"}
    kind = hints.kind_of(hint)
    if kind == hints.PLAIN:
        return _plain(hint)
    return {
        hints.LIST: _list,
        hints.DICT: _dict,
        hints.UNION: _union,
        hints.LITERAL: _literal,
        hints.STREAM: _list,
    }[kind](hints.arguments_of(hint))


def file_schema() -> Schema:
    """A file in JSON: the text of a data: URL (RFC 2397)."""
    return {"type": "string", "format": "uri"}


def is_file(schema: Schema) -> bool:
    """Whether this is what `file_schema` gives."""
    return schema.get("format") == "uri"


def is_nullable(schema: Schema) -> bool:
    """Whether null is among what the schema takes by name."""
    return any(choice.get("type") == "null" for choice in choices_of(schema))


def choices_of(schema: Schema) -> List[Schema]:
    """The members of a union, or the schema itself."""
    return cast(List[Schema], schema.get("anyOf", [schema]))


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


def _plain(hint: Any) -> Schema:
    if isinstance(hint, type) and issubclass(hint, Path):
        return file_schema()
    if isinstance(hint, type) and hint in _PLAIN:
        return {"type": _PLAIN[hint]}
    raise Unsupported("{} is not a type that can be sent; use {}".format(hints.text_of(hint), _TAKEN))


def _list(arguments: List[Any]) -> Schema:
    return {"type": "array", "items": schema_of(arguments[0])} if arguments else {"type": "array"}


def _dict(arguments: List[Any]) -> Schema:
    if not arguments:
        return {"type": "object"}
    if arguments[0] is not str:
        raise Unsupported("the keys of a JSON object are text, so write Dict[str, ...]")
    return {"type": "object", "additionalProperties": schema_of(arguments[1])}


def _union(arguments: List[Any]) -> Schema:
    return {"anyOf": [schema_of(one) for one in arguments]}


def _literal(arguments: List[Any]) -> Schema:
    if not all(value is None or isinstance(value, (str, int, bool)) for value in arguments):
        raise Unsupported("Literal takes texts, whole numbers, True, False and None")
    return {"enum": arguments}
