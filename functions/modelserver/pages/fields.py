"""A model's inputs as the controls of a form, read from the JSON Schema that its test printed.

The schema is a stranger's: whatever is not as the runtime writes it is shown as a plain field, never an error. The
server of the model judges what is sent; a control only makes it easy to say the right thing.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Literal

from modelserver.config import Example
from modelserver.jsontypes import JSON, Object

Kind = Literal["text", "number", "switch", "choice", "file", "json"]

_MOST_FIELDS = 100
_MOST_CHOICES = 500
_NUMBERS = ("integer", "number")


@dataclass(frozen=True)
class Field:
    """One input. default: as its control holds it, None where the model has none. choices: of a choice.

    low, high, step: of a number that has both bounds, as text; else "". accept: media types of a file.
    """

    name: str
    kind: Kind
    required: bool = False
    description: str = ""
    hint: str = ""
    default: str | None = None
    choices: tuple[str, ...] = ()
    low: str = ""
    high: str = ""
    step: str = ""
    accept: str = ""


@dataclass(frozen=True)
class Filling:
    """What one click puts into the form. files: paths in the package."""

    title: str
    texts: dict[str, str]
    files: dict[str, str]

    def to_json(self) -> Object:
        return {"texts": dict(self.texts), "files": dict(self.files)}


def fields_of(schema: Object) -> list[Field]:
    """The inputs in the schema's order. schema: the package's Schema."""
    given = _object(schema.get("Input"))
    required = given.get("required")
    names = required if isinstance(required, list) else []
    inputs = list(_object(given.get("properties")).items())[:_MOST_FIELDS]
    fields = [_field(name, _object(part), name in names) for name, part in inputs]
    if given.get("additionalProperties"):
        fields.append(Field("", "json", description="any other inputs, as a JSON object", hint='such as {"a": 1}'))
    return fields


def fillings(fields: list[Field], examples: tuple[Example, ...]) -> list[Filling]:
    """The examples, with the defaults of what they leave out, and the defaults last; a form begins with the first."""
    kinds = {field.name: field.kind for field in fields}
    defaults = {field.name: field.default for field in fields if field.default is not None}
    titles = [f"Example {number}" for number in range(1, len(examples) + 1)] if len(examples) > 1 else ["Example"]
    filled = [_filling(title, example.input, kinds, defaults) for title, example in zip(titles, examples, strict=False)]
    return [*filled, Filling("Defaults", defaults, {})]


def _filling(title: str, inputs: Object, kinds: dict[str, Kind], defaults: dict[str, str]) -> Filling:
    texts = dict(defaults)
    files: dict[str, str] = {}
    others: Object = {}
    for name, value in inputs.items():
        if name not in kinds:
            others[name] = value
        elif kinds[name] == "file" and isinstance(value, str) and value.startswith("@"):
            files[name] = value[1:]
        else:
            texts[name] = _text(value)
    if others and "" in kinds:
        texts[""] = json.dumps(others, ensure_ascii=False)
    return Filling(title, {name: texts[name] for name in kinds if name in texts}, files)


def _field(name: str, schema: Object, required: bool) -> Field:
    choices = [_object(choice) for choice in _list(schema.get("anyOf"))] or [schema]
    said = [choice for choice in choices if choice.get("type") != "null"]
    one = said[0] if len(said) == 1 else {}
    kind = _kind(one)
    low, high = _number(one.get("minimum")), _number(one.get("maximum"))
    return Field(
        name=name,
        kind=kind,
        required=required,
        description=_string(schema.get("description")),
        hint=_hint(one, kind, low, high, said),
        default=_text(schema["default"]) if schema.get("default") is not None else None,
        choices=tuple(_text(choice) for choice in _list(one.get("enum"))[:_MOST_CHOICES]),
        low=low if high and kind == "number" else "",
        high=high if low and kind == "number" else "",
        step="1" if one.get("type") == "integer" else "any",
        accept=_string(one.get("contentMediaType")),
    )


def _kind(schema: Object) -> Kind:
    if _list(schema.get("enum")):
        return "choice"
    if schema.get("format") == "uri":
        return "file"
    if schema.get("type") == "boolean":
        return "switch"
    if schema.get("type") in _NUMBERS:
        return "number"
    return "text" if schema.get("type") == "string" else "json"


def _hint(schema: Object, kind: Kind, low: str, high: str, said: list[Object]) -> str:
    """What is taken, in a few words."""
    if kind == "number":
        whole = "a whole number" if schema.get("type") == "integer" else "a number"
        bounds = {(True, True): f", {low} to {high}", (True, False): f" from {low} on", (False, True): f" up to {high}"}
        return whole + bounds.get((bool(low), bool(high)), "")
    if kind == "text":
        return ", ".join(_text_rules(schema))
    if kind == "json":
        names = [_string(each.get("type")) or "file" for each in said]
        return f"JSON: {' or '.join(names)}" if all(names) and names != ["file"] else "text, or JSON"
    return ""


def _text_rules(schema: Object) -> list[str]:
    rules = []
    if least := _number(schema.get("minLength")):
        rules.append(f"at least {least} characters")
    if most := _number(schema.get("maxLength")):
        rules.append(f"at most {most} characters")
    if pattern := _string(schema.get("pattern")):
        rules.append(f"as {pattern}")
    return rules


def _text(value: JSON) -> str:
    """A value as a form sends it: a text as it is, the rest as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _number(value: JSON) -> str:
    return str(value) if isinstance(value, int | float) and not isinstance(value, bool) else ""


def _string(value: JSON) -> str:
    return value if isinstance(value, str) else ""


def _list(value: JSON) -> list[JSON]:
    return value if isinstance(value, list) else []


def _object(value: JSON) -> Object:
    return value if isinstance(value, dict) else {}
