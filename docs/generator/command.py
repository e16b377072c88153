"""The page of the command: what its own help says."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from typer.main import get_command

from docs.generator.markdown import code, document, table
from modelserver_cli.app import app
from modelserver_cli.exits import Exit

_INTRODUCTION = """
`pip install .` in this repository installs it: typer, rich and httpx, nothing of the server's. How it is used, what it
packs and how it goes on after a cut: [use the command](../how-to/command.md).
"""
_VARIABLES = (
    ("MODELSERVER_URL", "the server's address, unless `--url` says another"),
    ("MODELSERVER_TOKEN", "the server's token; without it, `gcloud` is asked where the address is Google's"),
    ("TMPDIR", "where the zip is made that is sent"),
    ("XDG_CACHE_HOME", "where uploads that were cut off are remembered, by default `~/.cache`"),
    ("NO_COLOR", "no colours, if it is set"),
)


def page() -> str:
    root: Any = get_command(app)
    return document(
        "modelserver, the command",
        "`cli/modelserver_cli/app.py` and `exits.py`",
        _INTRODUCTION,
        table(["command", "does"], [[code(_call(name, each)), each.help] for name, each in root.commands.items()]),
        *(_section(name, each) for name, each in root.commands.items()),
        "## Exit status",
        table(["status", "meaning"], [[str(int(each)), each.meaning] for each in Exit]),
        "## Variables",
        table(["variable", "meaning"], [[code(name), text] for name, text in _VARIABLES]),
        "## Completion",
        "`modelserver --install-completion` for bash, zsh, fish and PowerShell; `--show-completion` only prints it.",
    )


def _section(name: str, command: Any) -> str:
    rows = [[code(_named(each)), each.help or "", _default(each)] for each in command.params if each.name != "help"]
    return f"## {code(_call(name, command))}\n\n{command.help}\n\n" + table(["", "meaning", "default"], rows)


def _call(name: str, command: Any) -> str:
    return " ".join(["modelserver", name, *_arguments(command)])


def _arguments(command: Any) -> Iterator[str]:
    for each in command.params:
        if each.param_type_name == "argument":
            shown = each.name.upper() + ("..." if each.nargs == -1 else "")
            yield shown if each.required else f"[{shown}]"


def _named(parameter: Any) -> str:
    return parameter.name.upper() if parameter.param_type_name == "argument" else ", ".join(parameter.opts)


def _default(parameter: Any) -> str:
    value = parameter.default
    return "" if value in (None, "", False) or callable(value) else code(str(value))
