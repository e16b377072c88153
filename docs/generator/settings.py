"""The page of the settings: each field of Settings with the docstring under it."""

from __future__ import annotations

import ast
import inspect
from dataclasses import fields
from itertools import pairwise

from docs.generator.markdown import code, document, table
from modelserver import settings
from modelserver.settings import Settings

_INTRODUCTION = """
Environment variables of the server. The flags of `python -m local` go before them. Sizes are bytes, times are seconds.
"""
_ON_GOOGLE = "On Google Cloud: "


def page() -> str:
    everywhere = [row for row in _rows() if not row[2].startswith(_ON_GOOGLE)]
    there = [(name, text.removeprefix(_ON_GOOGLE)) for name, _, text in _rows() if text.startswith(_ON_GOOGLE)]
    return document(
        "Settings",
        "the fields of `Settings` in `functions/modelserver/settings.py`",
        _INTRODUCTION,
        table(["variable", "default", "meaning"], everywhere),
        "## Only on Google Cloud",
        "The functions have these; [infra](../../infra/README.md) sets them.",
        table(["variable of a function", "meaning"], there),
    )


def _rows() -> list[tuple[str, str, str]]:
    texts = described()
    return [
        (f"`MODELSERVER_{field.name.upper()}`", _default(field.default), texts.get(field.name, ""))
        for field in fields(Settings)
    ]


def _default(value: object) -> str:
    return "" if value in (None, "") else code(str(value))


def described() -> dict[str, str]:
    """Field to the docstring that stands under it."""
    tree = ast.parse(inspect.getsource(settings))
    (body,) = (node.body for node in tree.body if isinstance(node, ast.ClassDef) and node.name == Settings.__name__)
    found: dict[str, str] = {}
    for field, text in pairwise(body):
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name) and isinstance(text, ast.Expr):
            found[field.target.id] = str(ast.literal_eval(text.value))
    return found
