"""What has to be so after each start, by HTTP and by the files; each fault as a line."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from local.audit import Audit
from tests.processes import running
from tests.servers import Server
from trust.day.content import files_of, tree_id
from trust.day.images import containers, images
from trust.day.ledger import Account
from trust.day.machine import family

_PATIENCE = 15.0
_BUILDING = 180.0


@dataclass
class Inspection:
    """folder: of the server's data folder, its log and its TMPDIR. accounts: by ID. docker: whether that builds.

    excused: whether builds may fail that should not, as they do on a full disk.
    """

    folder: Path
    accounts: Mapping[str, Account]
    docker: bool = False
    excused: bool = False
    _zips: dict[str, str] = field(default_factory=dict)

    def at_start(self, server: Server) -> Iterator[str]:
        """While nobody but the server itself changes anything."""
        listed = {package["ID"]: package for package in _listed(server)}
        yield from (
            f"{package_id} is listed, and nobody sent it" for package_id in listed.keys() - self.accounts.keys()
        )
        for account in self.accounts.values():
            yield from self._package(server, account, listed.get(account.content.id))
        yield from self._files()
        yield from self._strays(server)

    def at_rest(self, server: Server) -> Iterator[str]:
        """When every build has ended too."""
        yield from _await_builds(server)
        yield from self.at_start(server)
        packages = {package["ID"]: package for package in _listed(server)}
        for package_id, package in packages.items():
            yield from self._outcome(self.accounts[package_id], package)
        ready = {package_id for package_id, package in packages.items() if package["Status"] == "ready"}
        if self.docker:
            yield from containers(self.accounts.keys())
            yield from images(self.accounts.keys() - ready)
        else:
            yield from _difference("processes", _names(self.folder / "data" / "processes"), ready)
        until = time.monotonic() + _PATIENCE
        while _names(self.folder / "tmp") and time.monotonic() < until:
            time.sleep(0.1)  # models that are still warm
        yield from (f"{name} is left in TMPDIR" for name in _names(self.folder / "tmp"))

    def deleted(self) -> Iterator[str]:
        """When every package has been, and the server has ended."""
        for name in ("packages", "staging", "builds", "processes", "../tmp"):
            yield from (f"{name}/{left} is left of what was deleted" for left in _names(self.folder / "data" / name))
        if self.docker:
            yield from containers(self.accounts.keys())
            yield from images(self.accounts.keys())

    def _package(self, server: Server, account: Account, listed: dict[str, Any] | None) -> Iterator[str]:
        answer = server.get(f"/v1/packages/{account.content.id}")
        account.seen(answer.status_code == 200, answer.text)
        if (answer.status_code == 200) != (listed is not None):
            yield f"{account.content.id} is answered {answer.status_code}, and is {'' if listed else 'not '}listed"
        if answer.status_code == 200:
            package = answer.json()
            if package["Status"] == "ready" and not package["Artifacts"]:
                yield f"{account.content.id} is ready, half-made"
            yield from self._zip(server, account, package)
        elif answer.status_code != 404:
            yield f"{account.content.id} is answered {answer.status_code} {answer.text[:200]}"

    def _zip(self, server: Server, account: Account, package: dict[str, Any]) -> Iterator[str]:
        """The bytes of the zip make its SHA-256, and its files make its ID."""
        answer = server.get(f"/v1/packages/{account.content.id}.zip")
        if answer.status_code != 200:
            yield f"the zip of {account.content.id} is answered {answer.status_code} {answer.text[:200]}"
            return
        found = hashlib.sha256(answer.content).hexdigest()
        if found != package["SHA256"] or len(answer.content) != package["Size"]:
            yield f"the zip of {account.content.id} has SHA-256 {found}, recorded is {package['SHA256']}"
        if found not in self._zips:
            self._zips[found] = tree_id(files_of(answer.content))
        if self._zips[found] != account.content.id:
            yield f"the zip of {account.content.id} has the files of {self._zips[found]}"

    def _outcome(self, account: Account, package: dict[str, Any]) -> Iterator[str]:
        should = "failed" if account.content.kind == "failing" else "ready"
        code = package.get("Error", {}).get("code", "")
        cancelled = account.was_deleting and code == "BUILD_CANCELLED"
        if package["Status"] != should and not cancelled and not (self.excused and package["Status"] == "failed"):
            yield f"{account.content.kind} {account.content.id} is {package['Status']}: {package.get('Error')}"

    def _files(self) -> Iterator[str]:
        data = self.folder / "data"
        for damage in Audit(data).all().damage:
            yield f"verify: {damage.subject}: {damage.what}"
        yield from (f"staging/{name} is left" for name in _names(data / "staging"))
        known = {"lock", "packages", "packages.sqlite", "builds", "processes", "staging", "sessions", "owner"}
        yield from (f"{name} is left in the data folder" for name in _names(data) - known if "sqlite-" not in name)

    def _strays(self, server: Server) -> Iterator[str]:
        """Processes of a server that is no more."""
        until = time.monotonic() + _PATIENCE
        while strays := running(str(self.folder / "data")) - family(server.process.pid):
            if time.monotonic() > until:
                yield from (f"process {pid} is left: {_command(pid)}" for pid in strays)
                return
            time.sleep(0.05)


def _listed(server: Server) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = server.get("/v1/packages/?status=any&limit=1000").json()
    return found


def _await_builds(server: Server) -> Iterator[str]:
    until = time.monotonic() + _BUILDING
    while building := server.get("/v1/packages/?status=building").json():
        if time.monotonic() > until:
            yield from (f"{package['ID']} is building still" for package in building)
            return
        time.sleep(0.2)


def _names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()} if folder.is_dir() else set()


def _difference(what: str, found: set[str], should: set[str]) -> Iterator[str]:
    yield from (f"{what}/{name} is left" for name in found - should)
    yield from (f"{what}/{name} is missing" for name in should - found)


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")[:200]
    except OSError:
        return "ended"
