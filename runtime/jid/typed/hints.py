"""Reads type hints alike on Python 3.6 to 3.14. What differs between versions is met here and nowhere else."""

import collections.abc
import types
import typing
from typing import Any, Callable, Dict, List, Tuple

LIST, DICT, UNION, LITERAL, STREAM, PLAIN = "list", "dict", "union", "literal", "stream", "plain"

_STREAMS = (collections.abc.Iterator, collections.abc.Iterable, collections.abc.Generator)
_OLD_STREAMS = (typing.Iterator, typing.Iterable, typing.Generator)
_NEW_UNION = getattr(types, "UnionType", type(None))  # what X | Y is from 3.10 to 3.13
_ALIASES = {typing.List: list, typing.Dict: dict}  # what List[str].__origin__ is on 3.6


def hints_of(function: Callable[..., Any]) -> Dict[str, Any]:
    """Hints by argument, with "return" for the output; text hints are evaluated.

    Raises whatever evaluating them raises: NameError, TypeError, SyntaxError, AttributeError.
    """
    return typing.get_type_hints(function)


def kind_of(hint: Any) -> str:
    """Which family of hints this is: LIST, DICT, UNION, LITERAL, STREAM, or PLAIN for a class."""
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
    return PLAIN


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
