"""Which pages of reference there are, and who writes each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from docs.generator import command, errors, jidyaml, routes, runtime, settings

REFERENCE = Path(__file__).resolve().parents[1] / "reference"

_PAGES: Mapping[str, Callable[[], str]] = {
    "routes.md": routes.page,
    "errors.md": errors.page,
    "settings.md": settings.page,
    "jid-yaml.md": jidyaml.page,
    "jid.md": runtime.page,
    "command.md": command.page,
}


def pages() -> dict[str, str]:
    """File name to text, for each page of docs/reference."""
    return {name: page() for name, page in _PAGES.items()}
