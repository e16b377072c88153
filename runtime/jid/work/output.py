"""What run() returned, as bytes for the socket: a text, JSON, or the path of a file."""

import os
import pathlib
from enum import Enum
from typing import Any, NamedTuple, Union

from jid import message
from jid.encoding import data_url, json_bytes
from jid.mediatype import UNKNOWN, shown
from jid.scratch import new_directory

_BYTES = (bytes, bytearray, memoryview)


class Output(NamedTuple):
    """note: message.TEXT, JSON or FILE. content: a text, JSON in UTF-8, or a path in UTF-8."""

    note: str
    content: Union[str, bytes]


def outgoing(value: Any) -> Output:
    """What is sent of a value. Raises TypeError, ValueError or OSError for what cannot be sent.

    Bytes and images become files below `tempfile.gettempdir()`, which go when they have been sent.
    """
    if isinstance(value, str):
        return Output(message.TEXT, value)
    if isinstance(value, pathlib.PurePath):
        return _file(_existing(value))
    if isinstance(value, _BYTES):
        return _file(_written(value))
    if _is_image(value):
        return _file(_saved(value))
    return Output(message.JSON, json_bytes(value, _plain))


def _file(path: str) -> Output:
    return Output(message.FILE, path.encode("utf-8", "surrogateescape"))


def _plain(value: Any) -> Any:
    """What JSON does not know, inside of JSON: files, bytes and images as data: URLs, records as objects,
    numbers and arrays of numpy and its kin by their own `tolist`."""
    if isinstance(value, pathlib.PurePath):
        return shown(_existing(value))
    if isinstance(value, _BYTES):
        return data_url(bytes(value), UNKNOWN)
    if _is_image(value):
        return _shown(value)
    if isinstance(value, Enum):
        return value.value
    if hasattr(value, "__dataclass_fields__") and not isinstance(value, type):
        return {name: getattr(value, name) for name in value.__dataclass_fields__}
    if callable(getattr(value, "tolist", None)):
        return value.tolist()
    raise TypeError("{} is neither text, nor JSON, nor a jid.Path".format(type(value).__name__))


def _is_image(value: Any) -> bool:
    """Whether this is an image of Pillow, which is known by its name, for it is not imported here."""
    return any(base.__module__ == "PIL.Image" and base.__name__ == "Image" for base in type(value).__mro__)


def _saved(image: Any) -> str:
    """The image as a file of the kind that it was read from, else PNG."""
    kind = image.format or "PNG"
    path = os.path.join(new_directory(), "image." + kind.lower())
    image.save(path, kind)
    return path


def _shown(image: Any) -> str:
    path = _saved(image)
    try:
        return shown(path)
    finally:
        os.unlink(path)
        os.rmdir(os.path.dirname(path))


def _written(content: Any) -> str:
    path = os.path.join(new_directory(), "output.bin")
    with open(path, "wb") as file:
        file.write(content)
    return path


def _existing(path: pathlib.PurePath) -> str:
    found = os.path.abspath(str(path))
    if not os.path.isfile(found):
        raise OSError("there is no file {}".format(path))
    return found
