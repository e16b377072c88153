"""The fields of a form as the values that a schema asks for: a form knows texts and files only."""

import json
from typing import Any, Dict, List, Union

from jid.order import File
from jid.typed.shape import Schema, choices_of, is_file

_WORDS = {"true": True, "1": True, "yes": True, "on": True, "false": False, "0": False, "no": False, "off": False}

Field = Union[str, File]


def inputs_of(schema: Schema, fields: Dict[str, List[Field]]) -> Dict[str, Any]:
    """Inputs by name. A text that does not read as its type stays a text, for the check to refuse."""
    more = schema.get("additionalProperties")
    others = more if isinstance(more, dict) else {}
    return {name: _value(schema["properties"].get(name, others), given) for name, given in fields.items()}


def _value(schema: Schema, given: List[Field]) -> Any:
    choices = [choice for choice in choices_of(schema) if choice.get("type") != "null"]
    if len(choices) < len(choices_of(schema)) and given == [""] and not _is_text(choices):
        return None
    if len(given) == 1 and isinstance(given[0], File) and any(is_file(choice) for choice in choices):
        return given[0]
    if any(choice.get("type") == "array" for choice in choices):
        return _list(next(choice for choice in choices if choice.get("type") == "array"), given)
    if len(given) > 1:
        return [_read(choices, one) for one in given]
    return _read(choices, given[0])


def _list(schema: Schema, given: List[Field]) -> Any:
    """A list is one field with JSON in it, or the field sent once for each item."""
    whole = _json(given[0]) if len(given) == 1 else None
    return whole if isinstance(whole, list) else [_value(schema.get("items", {}), [one]) for one in given]


def _read(choices: List[Schema], given: Field) -> Any:
    for choice in choices:
        value = _typed(choice, given)
        if value is not given or _is_text([choice]):
            return value
    return given


def _typed(schema: Schema, given: Field) -> Any:
    """The field as the schema's type where it reads so, else the field itself."""
    if isinstance(given, File) or is_file(schema) or schema.get("type") == "string":
        return given
    if schema.get("type") == "boolean":
        return _WORDS.get(given.strip().lower(), given)
    if "enum" in schema:
        return next((choice for choice in schema["enum"] if given in (choice, json.dumps(choice))), given)
    return _json(given)


def _json(given: Field) -> Any:
    if isinstance(given, File):
        return given
    try:
        return json.loads(given, parse_constant=_refuse)
    except (ValueError, RecursionError):
        return given


def _refuse(word: str) -> Any:
    raise ValueError(word)


def _is_text(choices: List[Schema]) -> bool:
    return any(choice.get("type") == "string" for choice in choices)
