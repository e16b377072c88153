"""A YAML node as JSON: null, true and false, numbers, texts, arrays, objects.

Scalars are read by YAML 1.2's core schema (https://yaml.org/spec/1.2.2/#103-core-schema), less hex, octal
and numbers with leading zeros, which stay text; a date, `no` and 3:8 are texts too.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from modelserver.jidyaml.tree import Array, Node, Scalar, join, shown
from modelserver.jsontypes import JSON

_INT = re.compile(r"[-+]?(?:0|[1-9][0-9]*)", re.ASCII)
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|(?:0|[1-9][0-9]*)(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?", re.ASCII)
_NO_NUMBER = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)", re.ASCII)
_WORDS: dict[str, JSON] = {
    "": None,
    "~": None,
    "null": None,
    "Null": None,
    "NULL": None,
    "true": True,
    "True": True,
    "TRUE": True,
    "false": False,
    "False": False,
    "FALSE": False,
}


@dataclass(frozen=True)
class Wronged:
    """A value that JSON has no word for; line is 1-based."""

    pointer: str
    code: str
    detail: str
    hint: str
    line: int


def to_json(node: Node, pointer: str, wrong: list[Wronged]) -> JSON:
    """The node's value. What JSON cannot hold is added to `wrong`, and is null in the value."""
    if isinstance(node, Scalar):
        return _scalar(node, pointer, wrong)
    if isinstance(node, Array):
        return [to_json(item, f"{pointer}/{index}", wrong) for index, item in enumerate(node.items)]
    return {key.text: to_json(value, join(pointer, key.text), wrong) for key, value in node.pairs}


def _scalar(node: Scalar, pointer: str, wrong: list[Wronged]) -> JSON:
    text = node.text
    if not node.plain:
        return text
    if text in _WORDS:
        return _WORDS[text]
    if _INT.fullmatch(text):
        if len(text) <= 20 and -(2**63) <= int(text) < 2**63:
            return int(text)
    elif _FLOAT.fullmatch(text):
        if math.isfinite(float(text)):
            return float(text)
    elif not _NO_NUMBER.fullmatch(text):
        return text
    detail = f"{shown(text)} is no number that JSON and a database can hold (64-bit, finite)"
    wrong.append(Wronged(pointer, "INVALID_NUMBER", detail, "write it in quotes as a text, or smaller", node.line))
    return None
