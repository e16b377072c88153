"""A build watched to its end, whatever becomes of the connection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from modelserver_cli.exits import Exit
from modelserver_cli.failure import Failure
from modelserver_cli.patience import Patience
from modelserver_cli.refusal import refused
from modelserver_cli.screen import Screen, View
from modelserver_cli.server import Server

Object = dict[str, Any]

_ENDED = "BUILD_FAILED"


class Watch:
    """One package's build. What was shown of its log is not shown again."""

    def __init__(self, server: Server, package_id: str, screen: Screen) -> None:
        self._server = server
        self._id = package_id
        self._screen = screen
        self._shown = 0

    def follow(self, answer: httpx.Response) -> Object:
        """The package that an upload's answer ends with. Raises Failure with the problem, if it ends with one."""
        with self._viewed() as view:
            for name, data in _events(answer):
                if name == "package":
                    return _object(data)
                if name == "problem":
                    raise refused(_object(data))
                self._show(view, name, data)
        return self.join()

    def join(self) -> Object:
        """The package when the build that is under way has ended."""
        patience = Patience(self._screen.say)
        with self._viewed() as view:
            while True:
                try:
                    if ended := self._ended():
                        return ended
                    self._read(view)
                    patience.renew()
                except Failure as failure:
                    if failure.exit_status is not Exit.NO_SERVER:
                        raise
                    patience.spend(failure)

    def unless_taken_in(self, failure: Failure) -> Object:
        """The package if the server took it in all the same, and only cannot be watched. Raises the failure else."""
        if failure.exit_status is not Exit.NO_SERVER or not self._server.package(self._id):
            raise failure
        return self.join()

    @contextmanager
    def _viewed(self) -> Iterator[View]:
        try:
            with self._screen.view("building") as view:
                yield view
        except KeyboardInterrupt:
            self._screen.say(f"Interrupted. The build goes on: modelserver log -f {self._id}")
            raise

    def _ended(self) -> Object | None:
        package = self._server.package(self._id)
        if package is None:
            raise Failure(Exit.NOT_FOUND, "The package was deleted while it was built.")
        if package.get("Status") == "failed":
            raise refused({"code": _ENDED, "status": 422, **_object(package.get("Error"))})
        return package if package.get("Status") == "ready" else None

    def _read(self, view: View) -> None:
        at = 0
        with self._server.log(self._id, follow=True) as pieces:
            for piece in pieces:
                fresh = piece[max(0, self._shown - at) :]
                at += len(piece)
                self._log(view, fresh)

    def _show(self, view: View, name: str, data: Any) -> None:
        if name == "log" and isinstance(data, str):
            self._log(view, data)

    def _log(self, view: View, text: str) -> None:
        self._shown += len(text)
        view.log(text)


def _events(answer: httpx.Response) -> Iterator[tuple[str, Any]]:
    """Up to the end, or to where it broke off."""
    try:
        for line in answer.iter_lines():
            if line.strip():
                event = json.loads(line)
                yield str(event["Event"]), event.get("Data")
    except (httpx.HTTPError, ValueError, TypeError, KeyError):
        return


def _object(value: Any) -> Object:
    return value if isinstance(value, dict) else {}
