"""The body of a RUN message: the inputs as JSON, and which of them are files.

A file travels as its path; a list of keys leads to each, such as ["images", 0].
"""

import json
from typing import Any, Dict, List, NamedTuple, Union

from jid.model import Path

Keys = List[Union[str, int]]


class Order(NamedTuple):
    """Checked inputs. Where `files` leads, the value is the path of a file on disk."""

    inputs: Dict[str, Any]
    files: List[Keys]


def closed(order: Order) -> bytes:
    """The order as bytes for the model's process."""
    return json.dumps(order).encode("ascii")


def opened(body: bytes) -> Dict[str, Any]:
    """The inputs as run() takes them, each file as a jid.Path."""
    inputs, files = json.loads(body.decode("ascii"))
    for keys in files:
        holder = inputs
        for key in keys[:-1]:
            holder = holder[key]
        holder[keys[-1]] = Path(holder[keys[-1]])
    opened_inputs: Dict[str, Any] = inputs
    return opened_inputs
