"""What a push would make of a directory, asked without storing anything."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from modelserver_cli.failure import Failure
from modelserver_cli.folder import CONFIG, Folder
from modelserver_cli.push import DIRECT, describe, hashed, packed
from modelserver_cli.screen import Screen
from modelserver_cli.server import Server
from modelserver_cli.words import size


def check_folder(server: Server, root: Path, screen: Screen) -> dict[str, Any]:
    """The server's inspection, with the ID. Of a large package the server sees jid.yaml alone. Raises Failure."""
    folder = Folder.read(root)
    describe(folder, screen)
    identity = hashed(folder, screen)
    try:
        if folder.size > DIRECT:
            screen.say(f"note: the server checks {CONFIG} alone; sending {size(folder.size)} would be a push", "yellow")
            return {"ID": identity, **server.check((root / CONFIG).read_bytes(), "application/yaml")}
        with packed(folder, identity, screen) as parcel:
            return server.check(b"".join(parcel.read(0)), "application/zip")
    except Failure as failure:
        raise failure.about(root) from None
