"""The body of a RUN message: the inputs as JSON, and which of them are files.

A file travels as its path; a list of keys leads to each, such as ["images", 0].
"""

import json
import os
from typing import Any, Dict, List, NamedTuple, Union

Keys = List[Union[str, int]]


class File(NamedTuple):
    """A file that came with the inputs, on disk already; `name` is the one its sender gave it."""

    path: str
    name: str


class Order(NamedTuple):
    """Checked inputs. Where `files` leads, the value is the path of a file on disk."""

    inputs: Dict[str, Any]
    files: List[Keys]


def closed(order: Order) -> bytes:
    """The order as bytes for the model's process."""
    return json.dumps(order).encode("ascii")


def opened(body: bytes) -> Order:
    """The order again, with a File in every place to which `files` leads."""
    inputs, files = json.loads(body.decode("ascii"))
    for keys in files:
        holder = inputs
        for key in keys[:-1]:
            holder = holder[key]
        path = holder[keys[-1]]
        holder[keys[-1]] = File(path, os.path.basename(path))
    return Order(inputs, files)
