"""What went wrong, fit to be shown to whoever called."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modelserver_cli.exits import Exit


class Failure(Exception):
    """The end of a command that did not do what was asked.

    message: one sentence; hint: what to do about it. document: the server's problem, RFC 9457. folder: the directory
    that the problem's faults are about, so that their lines can be shown.
    """

    def __init__(
        self, exit_status: Exit, message: str, hint: str = "", *, document: dict[str, Any] | None = None
    ) -> None:
        super().__init__(message)
        self.exit_status = exit_status
        self.message = message
        self.hint = hint
        self.document = document or {}
        self.folder: Path | None = None

    @property
    def faults(self) -> list[dict[str, Any]]:
        """The `errors` of the document, or none."""
        found = self.document.get("errors")
        return [fault for fault in found if isinstance(fault, dict)] if isinstance(found, list) else []

    def about(self, folder: Path) -> Failure:
        """The same, with the directory that it is about."""
        self.folder = folder
        return self
