"""The page of `jid`: what a model's code imports, the commands in its image, the variables that it reads."""

from __future__ import annotations

import argparse
import inspect
from collections.abc import Iterator
from typing import Any

import jid
from docs.generator.markdown import code, document, table
from jid.commands import parser

_INTRODUCTION = """
`jid` travels inside each image; a model's code imports it and installs nothing. What it answers over HTTP, which
types an input may have, and every variable that it reads: [the runtime](../runtime.md).
"""


def page() -> str:
    names = [(name, getattr(jid, name)) for name in sorted(jid.__all__)]
    return document(
        "jid",
        "the docstrings in `runtime/jid`",
        _INTRODUCTION,
        *(f"## jid.{name}{_signature(value)}\n\n{inspect.cleandoc(value.__doc__ or '')}" for name, value in names),
        "## In the image",
        table(["`python -m jid` …", "does"], [[code(name), text] for name, text in _commands()]),
    )


def _commands() -> Iterator[tuple[str, str]]:
    for action in parser()._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from ((str(choice.dest), str(choice.help)) for choice in action._choices_actions)


def _signature(value: Any) -> str:
    """As a caller writes it; a class that is only derived from has none."""
    if not inspect.isfunction(value):
        return ""
    shown = [
        name if given.default is inspect.Parameter.empty else f"{name}={_default(given.default)}"
        for name, given in inspect.signature(value).parameters.items()
    ]
    return f"({', '.join(shown)})"


def _default(value: object) -> str:
    return "..." if value is ... else repr(value)
