"""What run() returned, as bytes for the socket: a text, JSON, or the path of a file."""

import base64
import json
import os
import pathlib
from typing import Any

from jid import message
from jid.message import Message
from jid.web.mediatype import of_name


def outgoing(value: Any) -> Message:
    """The value as an OUTPUT message. Raises TypeError, ValueError or OSError for what cannot be sent."""
    if isinstance(value, str):
        return Message(message.OUTPUT, 0, message.TEXT, value.encode("utf-8", "replace"))
    if isinstance(value, pathlib.PurePath):
        return Message(message.OUTPUT, 0, message.FILE, _existing(value).encode("utf-8", "surrogateescape"))
    return Message(message.OUTPUT, 0, message.JSON, json_bytes(value))


def json_bytes(value: Any) -> bytes:
    """Compact JSON in UTF-8. NaN and infinity raise ValueError, for JSON has no word for them."""
    try:
        return _dumped(value, False).encode("utf-8")
    except UnicodeEncodeError:  # half a surrogate pair
        return _dumped(value, True).encode("ascii")


def data_url(path: str) -> str:
    """The file's bytes as a data: URL (RFC 2397)."""
    with open(path, "rb") as file:
        return "data:{};base64,{}".format(of_name(path), base64.b64encode(file.read()).decode("ascii"))


def _dumped(value: Any, ascii_only: bool) -> str:
    try:
        return json.dumps(value, ensure_ascii=ascii_only, allow_nan=False, separators=(",", ":"), default=_plain)
    except ValueError as error:
        if "JSON compliant" in str(error):
            raise ValueError("it holds NaN or an infinite number, which JSON has no word for") from error
        raise


def _plain(value: Any) -> Any:
    """A file inside of JSON as a data: URL; numbers and arrays of numpy and its kin by their own `tolist`."""
    if isinstance(value, pathlib.PurePath):
        return data_url(_existing(value))
    if callable(getattr(value, "tolist", None)):
        return value.tolist()
    raise TypeError("{} is neither text, nor JSON, nor a jid.Path".format(type(value).__name__))


def _existing(path: pathlib.PurePath) -> str:
    found = os.path.abspath(str(path))
    if not os.path.isfile(found):
        raise OSError("there is no file {}".format(path))
    return found
