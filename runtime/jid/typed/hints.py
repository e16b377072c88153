"""Reads type hints alike on Python 3.6 to 3.14. What differs between versions is met here and nowhere else."""

import collections.abc
import types
import typing
from enum import Enum
from typing import Any, Callable, Dict, List, NamedTuple, Tuple

LIST, DICT, UNION, LITERAL, STREAM, PLAIN = "list", "dict", "union", "literal", "stream", "plain"
RECORD, BYTES, ARRAY, IMAGE, CHOICE = "record", "bytes", "array", "image", "choice"

_STREAMS = (
    collections.abc.Iterator,
    collections.abc.Iterable,
    collections.abc.Generator,
    collections.abc.AsyncIterator,
    collections.abc.AsyncIterable,
    collections.abc.AsyncGenerator,
)
_OLD_STREAMS = (
    typing.Iterator,
    typing.Iterable,
    typing.Generator,
    typing.AsyncIterator,
    typing.AsyncIterable,
    typing.AsyncGenerator,
)
_NEW_UNION = getattr(types, "UnionType", type(None))  # what X | Y is from 3.10 to 3.13
_ALIASES = {typing.List: list, typing.Dict: dict}  # what List[str].__origin__ is on 3.6


class Field(NamedTuple):
    """One field of a dataclass or a TypedDict."""

    name: str
    hint: Any
    is_required: bool


def hints_of(function: Callable[..., Any]) -> Dict[str, Any]:
    """Hints by argument, with "return" for the output; text hints are evaluated.

    Raises whatever evaluating them raises: NameError, TypeError, SyntaxError, AttributeError.
    """
    return typing.get_type_hints(function)


def kind_of(hint: Any) -> str:
    """Which family of hints this is; PLAIN for a class that belongs to none.

    Types of numpy and Pillow are known by their names, for neither is imported here.
    """
    origin = _origin(hint)
    if origin is list:
        return LIST
    if origin is dict:
        return DICT
    if origin is typing.Union or isinstance(hint, _NEW_UNION):
        return UNION
    if "Literal" in (getattr(origin, "_name", None), getattr(type(hint), "__name__", "").lstrip("_")):
        return LITERAL
    if origin in _STREAMS or origin in _OLD_STREAMS:
        return STREAM
    return _class_kind(origin) if isinstance(origin, type) else PLAIN


def fields_of(hint: Any) -> List[Field]:
    """The fields of a RECORD. Raises what evaluating their hints raises."""
    found = typing.get_type_hints(hint)
    required = _required(hint, list(found))
    return [Field(name, _bare(found[name]), name in required) for name in found if name in _named(hint, found)]


def is_typed_dict(hint: Any) -> bool:
    """Whether values of this RECORD are plain dicts."""
    return isinstance(hint, type) and issubclass(hint, dict)


def arguments_of(hint: Any) -> List[Any]:
    """What stands in the hint's brackets; nothing for a bare `List`, whose placeholders say nothing."""
    found = getattr(hint, "__values__", None) or getattr(hint, "__args__", None) or ()
    arguments: Tuple[Any, ...] = tuple(found)
    return [] if any(isinstance(one, typing.TypeVar) for one in arguments) else list(arguments)


def text_of(hint: Any) -> str:
    """The hint as its author would write it, for messages."""
    name = getattr(hint, "__name__", None)
    return name if isinstance(hint, type) and name else str(hint).replace("typing.", "")


def _origin(hint: Any) -> Any:
    origin = getattr(hint, "__origin__", None) or hint
    try:
        return _ALIASES.get(origin, origin)
    except TypeError:  # a hint that cannot be a key is no alias
        return origin


def _class_kind(hint: type) -> str:
    if issubclass(hint, bytes):
        return BYTES
    if issubclass(hint, Enum):
        return CHOICE
    is_typed = issubclass(hint, dict) and hasattr(hint, "__total__")
    if is_typed or hasattr(hint, "__dataclass_fields__"):
        return RECORD
    return {("numpy", "ndarray"): ARRAY, ("PIL.Image", "Image"): IMAGE}.get((hint.__module__, hint.__name__), PLAIN)


def _named(hint: Any, found: Dict[str, Any]) -> List[str]:
    """The names that are fields: a dataclass may have ClassVars, and fields that __init__ does not take."""
    fields = getattr(hint, "__dataclass_fields__", None)
    if fields is None:
        return list(found)
    return [name for name, field in fields.items() if field.init and field._field_type.name == "_FIELD"]


def _required(hint: Any, names: List[str]) -> List[str]:
    fields = getattr(hint, "__dataclass_fields__", None)
    if fields is not None:
        return [name for name in names if name in fields and _has_no_default(fields[name])]
    keys = getattr(hint, "__required_keys__", None)
    if keys is not None:
        return [name for name in names if name in keys]
    return names if hint.__total__ else []


def _has_no_default(field: Any) -> bool:
    return all("MISSING" in type(default).__name__ for default in (field.default, field.default_factory))


def _bare(hint: Any) -> Any:
    """Without Required[...] and NotRequired[...], where get_type_hints left them."""
    name = getattr(getattr(hint, "__origin__", None), "_name", None)
    return hint.__args__[0] if name in ("Required", "NotRequired", "ReadOnly") else hint
