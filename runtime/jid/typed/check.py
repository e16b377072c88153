"""A value against the JSON Schema of a model's inputs: what is wrong with it, all at once, or the order to run."""

import re
import sys
from typing import Any, Callable, Dict, List, NamedTuple, Sequence, Union

from jid.order import File, Keys, Order
from jid.typed.shape import Schema, choices_of, is_file

_DEEPEST = 100  # levels of lists and objects in an input
_LARGEST = sys.float_info.max


class Wrong(NamedTuple):
    """One thing that is wrong. pointer: a JSON pointer (RFC 6901) below the inputs."""

    pointer: str
    code: str
    detail: str


class InputInvalid(Exception):
    """The inputs do not fit the model; `wrongs` holds every reason."""

    def __init__(self, wrongs: Sequence[Wrong]) -> None:
        super().__init__("; ".join("{}: {}".format(wrong.pointer, wrong.detail) for wrong in wrongs))
        self.wrongs = list(wrongs)


def check(schema: Schema, inputs: Dict[str, Any], open_file: Callable[[str], File]) -> Order:
    """The inputs, checked and made exact (2.0 is an int where an int is asked for). Raises InputInvalid.

    inputs may hold a File anywhere. open_file: a File for a text that stands where a file is asked for;
    it raises ValueError with the reason for one that it cannot read.
    """
    checker = _Checker(open_file)
    order = checker.object(schema, inputs, [])
    if checker.wrongs:
        raise InputInvalid(checker.wrongs)
    return Order(order, checker.files)


def fits(schema: Schema, value: Any) -> bool:
    """Whether the schema takes the value, in which files are Files."""
    checker = _Checker(_no_file)
    checker.value(schema, value, [])
    return not checker.wrongs


def pointer(keys: Sequence[Union[str, int]]) -> str:
    """The JSON pointer for a list of keys."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in keys)


class _Checker:
    """Collects what is wrong, and where the files are."""

    def __init__(self, open_file: Callable[[str], File]) -> None:
        self._open_file = open_file
        self.wrongs: List[Wrong] = []
        self.files: List[Keys] = []

    def value(self, schema: Schema, value: Any, keys: Keys) -> Any:
        if len(keys) > _DEEPEST:
            return self._refuse(keys, "TOO_DEEP", "nested more than {} levels deep".format(_DEEPEST))
        if "anyOf" in schema:
            return self._any_of(schema, value, keys)
        if is_file(schema):
            return self._file(value, keys)
        if isinstance(value, File):
            value = self._file_as(schema, value, keys)
        fitted = self._typed(schema, value, keys)
        if "enum" in schema and not any(_same(fitted, choice) for choice in schema["enum"]):
            shown = ", ".join(repr(choice) for choice in schema["enum"])
            self._refuse(keys, "NOT_A_CHOICE", "must be one of {}, not {}".format(shown, _shown(value)))
        return fitted

    def object(self, schema: Schema, value: Any, keys: Keys) -> Dict[str, Any]:
        known, more = schema.get("properties", {}), schema.get("additionalProperties", True)
        fitted = {}
        for key, item in value.items():
            if key in known or more:
                part = known.get(key, {} if more is True else more)
                fitted[key] = self.value(part, item, keys + [key])
            else:
                names = ", ".join(known) or "nothing"
                self._refuse(keys + [key], "UNKNOWN", "is no input of the model, which takes: {}".format(names))
        for key in schema.get("required", []):
            if key not in value:
                self._refuse(keys + [key], "REQUIRED", "is required")
        return fitted

    def _typed(self, schema: Schema, value: Any, keys: Keys) -> Any:
        kind = schema.get("type", _kind(value))
        if kind == "object" and isinstance(value, dict):
            return self.object(schema, value, keys)
        if kind == "array" and isinstance(value, list):
            return self._array(schema, value, keys)
        if kind == "string" and isinstance(value, str):
            return self._string(schema, value, keys)
        if kind in ("integer", "number") and isinstance(value, (int, float)) and not isinstance(value, bool):
            return self._number(schema, value, keys)
        if (kind == "boolean" and isinstance(value, bool)) or (kind == "null" and value is None):
            return value
        return self._refuse(keys, "WRONG_TYPE", "must be {}, not {}".format(_article(kind), _shown(value)))

    def _array(self, schema: Schema, value: List[Any], keys: Keys) -> List[Any]:
        self._length(schema, len(value), "Items", "items", keys)
        items = schema.get("items", {})
        return [self.value(items, item, keys + [place]) for place, item in enumerate(value)]

    def _string(self, schema: Schema, value: str, keys: Keys) -> str:
        self._length(schema, len(value), "Length", "characters", keys)
        if "pattern" in schema and not re.search(schema["pattern"], value):
            self._refuse(keys, "NO_MATCH", "must match the pattern {}".format(schema["pattern"]))
        return value

    def _number(self, schema: Schema, value: Union[int, float], keys: Keys) -> Any:
        if isinstance(value, float) and not -_LARGEST <= value <= _LARGEST:
            return self._refuse(keys, "TOO_LARGE", "must be a number that a float can hold")
        if "minimum" in schema and value < schema["minimum"]:
            self._refuse(keys, "TOO_SMALL", "must be at least {}, not {}".format(schema["minimum"], _shown(value)))
        if "maximum" in schema and value > schema["maximum"]:
            self._refuse(keys, "TOO_LARGE", "must be at most {}, not {}".format(schema["maximum"], _shown(value)))
        if schema.get("type") == "integer" and isinstance(value, float):
            if not value.is_integer():
                return self._refuse(keys, "WRONG_TYPE", "must be a whole number, not {}".format(value))
            return int(value)
        if schema.get("type") == "number" and isinstance(value, int):
            return float(value) if abs(value) < 1 << 1023 else self._refuse(keys, "TOO_LARGE", "is too large a number")
        return value

    def _length(self, schema: Schema, length: int, what: str, unit: str, keys: Keys) -> None:
        if length < schema.get("min" + what, 0):
            self._refuse(keys, "TOO_SHORT", "must have at least {} {}".format(schema["min" + what], unit))
        if length > schema.get("max" + what, length):
            self._refuse(keys, "TOO_LONG", "must have at most {} {}".format(schema["max" + what], unit))

    def _any_of(self, schema: Schema, value: Any, keys: Keys) -> Any:
        """The first member that takes the value; if none does, what the member says whose type it has."""
        said: List[Wrong] = []
        for choice in choices_of(schema):
            trial = _Checker(self._open_file)
            fitted = trial.value(choice, value, keys)
            if not trial.wrongs:
                self.files += trial.files
                return fitted
            if [wrong.pointer for wrong in trial.wrongs if wrong.code == "WRONG_TYPE"] != [pointer(keys)]:
                said = trial.wrongs
        if said:
            self.wrongs += said
            return None
        types = [_article(_type(choice)) for choice in choices_of(schema) if choice.get("type") != "null"]
        return self._refuse(keys, "WRONG_TYPE", "must be {}, not {}".format(" or ".join(types), _shown(value)))

    def _file(self, value: Any, keys: Keys) -> Any:
        if isinstance(value, str):
            try:
                value = self._open_file(value)
            except ValueError as error:
                return self._refuse(keys, "NOT_A_FILE", str(error))
        if not isinstance(value, File):
            return self._refuse(keys, "WRONG_TYPE", "must be {}, not {}".format(_article("file"), _shown(value)))
        self.files.append(keys)
        return value.path

    def _file_as(self, schema: Schema, file: File, keys: Keys) -> Any:
        """A file where none is asked for: its path if anything goes, else its text."""
        if "type" not in schema and "enum" not in schema:
            self.files.append(keys)
            return file.path
        with open(file.path, "rb") as content:
            return content.read().decode("utf-8", "replace")

    def _refuse(self, keys: Keys, code: str, detail: str) -> None:
        self.wrongs.append(Wrong(pointer(keys), code, detail))


def _no_file(text: str) -> File:
    raise ValueError("is no file")


def _kind(value: Any) -> str:
    """The JSON type of a value of which nothing is asked."""
    for kind, type_ in (
        ("string", str),
        ("object", dict),
        ("array", list),
        ("boolean", bool),
        ("null", type(None)),
    ):
        if isinstance(value, type_):
            return kind
    return "number"


def _same(value: Any, choice: Any) -> bool:
    return bool(value == choice) and isinstance(value, bool) == isinstance(choice, bool)


def _article(kind: str) -> str:
    words = {
        "string": "a text",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
    }
    words = dict(words, array="a list", object="an object", null="null", file="a file or the text of a data: URL")
    return words.get(kind, kind)


def _type(schema: Schema) -> str:
    return "file" if is_file(schema) else str(schema.get("type", "one of the choices"))


def _shown(value: Any) -> str:
    text = repr(value) if not isinstance(value, (list, dict)) else "a list" if isinstance(value, list) else "an object"
    return {"None": "null", "True": "true", "False": "false"}.get(text, text if len(text) <= 60 else text[:57] + "...")
