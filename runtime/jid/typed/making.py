"""Checked JSON made into what run() asks for by its hints: records, bytes, arrays, images, files."""

import sys
from typing import Any, Callable, Dict, List, NamedTuple, Optional, Tuple

from jid.failure import INPUT_INVALID, Failure
from jid.order import File
from jid.path import Path
from jid.typed import hints
from jid.typed.check import fits
from jid.typed.schema import schema_of
from jid.typed.shape import Schema

Maker = Callable[[Any], Any]


def maker_of(hint: Any) -> Optional[Maker]:
    """What makes the value for this hint; None where JSON's own value is the value.

    A maker takes File wherever a file was sent, and raises whatever goes wrong.
    """
    if hint is Any or hint is None or hint is type(None):
        return _anything
    kind = hints.kind_of(hint)
    if kind in _OF_CLASSES:
        return _OF_CLASSES[kind](hint)
    arguments = hints.arguments_of(hint)
    return _OF_ARGUMENTS[kind](arguments) if kind in _OF_ARGUMENTS and arguments else None


def changes(hint: Any) -> bool:
    """Whether the maker has work to do even where no file was sent."""
    kind = hints.kind_of(hint)
    if kind in (hints.ARRAY, hints.CHOICE, hints.RECORD):
        return True
    return kind in _OF_ARGUMENTS and any(changes(one) for one in hints.arguments_of(hint))


def made(makers: Dict[str, Maker], inputs: Dict[str, Any], others: Optional[Maker] = None) -> Dict[str, Any]:
    """The inputs, each made by its maker. others: for those without one. Raises Failure INPUT_INVALID."""
    return {name: _made(makers.get(name, others), name, value) for name, value in inputs.items()}


def _made(maker: Optional[Maker], name: str, value: Any) -> Any:
    if maker is None:
        return value
    try:
        return maker(value)
    except Exception as error:
        detail = "cannot be read: {}: {}".format(type(error).__name__, str(error)[:300])
        raise Failure(INPUT_INVALID, detail, pointer="/" + name) from error


class _Member(NamedTuple):
    """One type of a union."""

    schema: Schema
    maker: Optional[Maker]


def _anything(value: Any) -> Any:
    if isinstance(value, File):
        return Path(value.path)
    if isinstance(value, list):
        return [_anything(item) for item in value]
    if isinstance(value, dict):
        return {key: _anything(item) for key, item in value.items()}
    return value


def _plain(hint: Any) -> Optional[Maker]:
    if issubclass(hint, Path):
        return _anything
    return _anything if hint in (list, dict) else None


def _bytes(hint: Any) -> Maker:
    def make(file: File) -> bytes:
        with open(file.path, "rb") as content:
            return content.read()

    return make


def _array(hint: Any) -> Maker:
    dtype = _dtype(hint)

    def make(value: Any) -> Any:
        numpy = sys.modules["numpy"]  # the model's own, for its hint names it
        if isinstance(value, File):
            value = numpy.load(value.path, allow_pickle=False)
        found = numpy.asarray(value, dtype=dtype)
        if found.dtype.kind not in "biufc":
            raise ValueError("an array holds numbers only, in lists of equal length")
        return found

    return make


def _dtype(hint: Any) -> Any:
    """float32 of NDArray[float32]; None where nothing is said."""
    arguments = getattr(hint, "__args__", ())
    inner = getattr(arguments[-1], "__args__", ()) if arguments else ()
    return inner[0] if inner and isinstance(inner[0], type) else None


def _image(hint: Any) -> Maker:
    def make(file: File) -> Any:
        image = sys.modules["PIL.Image"].open(file.path)
        image.load()  # now, so that what is broken is the caller's fault and not the model's
        return image

    return make


def _choice(hint: Any) -> Maker:
    def make(value: Any) -> Any:
        return hint(value)

    return make


def _record(hint: Any) -> Optional[Maker]:
    makers = {field.name: maker_of(field.hint) for field in hints.fields_of(hint)}
    build: Callable[..., Any] = dict if hints.is_typed_dict(hint) else hint

    def make(value: Dict[str, Any]) -> Any:
        return build(**{name: _part(makers[name], item) for name, item in value.items()})

    return make


def _part(maker: Optional[Maker], value: Any) -> Any:
    return value if maker is None else maker(value)


def _list(arguments: List[Any]) -> Optional[Maker]:
    maker = maker_of(arguments[0])
    return None if maker is None else lambda value: [maker(item) for item in value]


def _dict(arguments: List[Any]) -> Optional[Maker]:
    maker = maker_of(arguments[1])
    if maker is None:
        return None
    return lambda value: {key: maker(item) for key, item in value.items()}


def _union(arguments: List[Any]) -> Optional[Maker]:
    members: Tuple[_Member, ...] = tuple(_Member(schema_of(one), maker_of(one)) for one in arguments)
    if all(member.maker is None for member in members):
        return None

    def make(value: Any) -> Any:
        found = next((member for member in members if fits(member.schema, value)), members[0])
        return _part(found.maker, value)

    return make


_OF_CLASSES: Dict[str, Callable[[Any], Optional[Maker]]] = {
    hints.PLAIN: _plain,
    hints.BYTES: _bytes,
    hints.ARRAY: _array,
    hints.IMAGE: _image,
    hints.CHOICE: _choice,
    hints.RECORD: _record,
}
_OF_ARGUMENTS: Dict[str, Callable[[List[Any]], Optional[Maker]]] = {
    hints.LIST: _list,
    hints.DICT: _dict,
    hints.UNION: _union,
}
