"""A directory becomes a package on the server: hashed, looked up, packed, sent, its build watched."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import httpx

from modelserver_cli import packing, words
from modelserver_cli.exits import Exit
from modelserver_cli.failure import Failure
from modelserver_cli.folder import CONFIG, Folder
from modelserver_cli.identity import package_id
from modelserver_cli.patience import Patience
from modelserver_cli.screen import Screen
from modelserver_cli.sending import Parcel, Passage
from modelserver_cli.server import Server
from modelserver_cli.watching import Watch

DIRECT = 16 * 1024**2  # a function of Google's takes 32 MB in a request; more than this is worth taking up again
_NAMED = 5


def push(server: Server, root: Path, screen: Screen) -> dict[str, Any]:
    """The package, ready. One GET if the server has it. Raises Failure."""
    folder = Folder.read(root)
    describe(folder, screen)
    identity = hashed(folder, screen)
    known = server.package(identity)
    watch = Watch(server, identity, screen)
    if known and known.get("Status") == "ready":
        screen.say("The server has it: nothing is sent.")
        return known
    if known and known.get("Status") == "building":
        screen.say("The server is building it: nothing is sent.")
        return watch.join()
    with packed(folder, identity, screen) as parcel:
        return _same(identity, _sent(server, folder, parcel, watch, screen))


def describe(folder: Folder, screen: Screen) -> None:
    """What is packed, and what is not."""
    files = words.count(len(folder.entries), "file")
    screen.say(f"{folder.root}: {files}, {words.size(folder.size)}")
    if folder.left_out:
        more = len(folder.left_out) - _NAMED
        named = ", ".join(folder.left_out[:_NAMED]) + (f" and {more} more" if more > 0 else "")
        screen.say(f"left out: {named}", "dim")
    if folder.remark:
        screen.say(f"note: {folder.remark}", "yellow")


def hashed(folder: Folder, screen: Screen) -> str:
    with screen.bar("hashing", folder.size) as bar:
        identity = package_id(folder, bar.advance)
    screen.say(f"ID {identity}")
    return str(identity)


@contextmanager
def packed(folder: Folder, identity: str, screen: Screen) -> Iterator[Parcel]:
    """The folder's zip, for as long as it is needed. Raises Failure USAGE if there is no room for it."""
    with tempfile.TemporaryFile(prefix="modelserver-") as file:
        try:
            with screen.bar("packing", folder.size) as bar:
                packing.pack(folder, file, bar.advance)
            size = file.seek(0, 2)
        except OSError as error:
            hint = f"the zip is made in {tempfile.gettempdir()}; set TMPDIR to a folder with more room"
            raise Failure(Exit.USAGE, f"The zip cannot be made: {error.strerror}.", hint) from None
        yield Parcel(file, size, f"{identity}/{size}/{packing.RECIPE}")


def _sent(server: Server, folder: Folder, parcel: Parcel, watch: Watch, screen: Screen) -> dict[str, Any]:
    if parcel.size > DIRECT:  # its config is cheap to ask about, and a mistake in it is better known now
        server.check((folder.root / CONFIG).read_bytes(), "application/yaml")
        return _through_session(server, parcel, watch, screen)
    try:
        return _directly(server, parcel, watch, screen)
    except Failure as failure:
        if not _has_another_door(failure):
            return watch.unless_taken_in(failure)
    return _through_session(server, parcel, watch, screen)


def _has_another_door(failure: Failure) -> bool:
    """Too large for a request, or cut off in one: some servers hang up on what is too large before they say so."""
    was_cut = isinstance(failure.__cause__, httpx.HTTPError) and not isinstance(failure.__cause__, httpx.ConnectError)
    return was_cut or failure.document.get("code") == "TOO_LARGE"


def _directly(server: Server, parcel: Parcel, watch: Watch, screen: Screen) -> dict[str, Any]:
    headers = {"Content-Type": "application/zip", "Content-Length": str(parcel.size)}
    with ExitStack() as stack:
        with screen.bar("uploading", parcel.size) as bar:
            upload = server.upload(content=parcel.read(0, bar.advance), headers=headers)
            answer = stack.enter_context(upload)
        return watch.follow(answer)


def _through_session(server: Server, parcel: Parcel, watch: Watch, screen: Screen) -> dict[str, Any]:
    patience = Patience(screen.say)
    passage = Passage(server, parcel, patience)
    try:
        with screen.bar("uploading", parcel.size) as bar:
            name = passage.send(bar)
    except KeyboardInterrupt:
        screen.say("Interrupted. The same push goes on where this one ended.")
        raise
    patience.renew()
    while True:
        try:
            with server.upload(json={"Upload": name}) as answer:
                passage.forget()
                return watch.follow(answer)
        except Failure as failure:
            if failure.document.get("code") == "CONFLICT":  # a dead request of ours is still being noticed
                patience.spend(failure)
                continue
            if not isinstance(failure.__cause__, httpx.HTTPError):
                passage.forget()
            return watch.unless_taken_in(failure)


def _same(identity: str, package: dict[str, Any]) -> dict[str, Any]:
    if package.get("ID") != identity:
        detail = f"The server calls it {package.get('ID')}, not {identity}."
        raise Failure(Exit.NO_SERVER, detail, "the directory may have changed while it was sent: push it again")
    return package
