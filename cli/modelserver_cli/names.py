"""What people call a package: its ID, or its model's name."""

from __future__ import annotations

from typing import Any

from modelserver.config import ModelName
from modelserver.package import PackageID
from modelserver_cli.exits import Exit
from modelserver_cli.failure import Failure
from modelserver_cli.server import Server

_SWHID = "swh:1:dir:"


def find(server: Server, text: str, status: str = "ready") -> dict[str, Any]:
    """The package with this ID, or the newest of this name with that status ("any" for all). Raises Failure."""
    package_id = PackageID.parse(text.removeprefix(_SWHID))
    if package_id is None and ModelName.parse(text) is None:
        hint = "an ID has 40 characters, each 0 to 9 or a to f; a name is like andreas/scratch"
        raise Failure(Exit.USAGE, f"{text!r} is neither an ID nor a name.", hint)
    found = server.package(package_id) if package_id else next(server.packages(1, name=text, status=status), None)
    if found is None:
        kind = "" if status == "any" or package_id else f"{status} "
        message = f"The server has no {kind}package called {text}."
        raise Failure(Exit.NOT_FOUND, message, "`modelserver ls --status any` lists all that it has")
    return found
