"""The types of a JSON value and of a JSON object."""

from __future__ import annotations

from typing import TypeAlias, Union

JSON: TypeAlias = Union[bool, int, float, str, "list[JSON]", "dict[str, JSON]", None]
Object: TypeAlias = dict[str, JSON]
