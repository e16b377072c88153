"""A build watched to its end, whatever becomes of the connection."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from modelserver_cli import words
from modelserver_cli.exits import Exit
from modelserver_cli.failure import Failure
from modelserver_cli.patience import Patience
from modelserver_cli.refusal import refused
from modelserver_cli.screen import Screen, View
from modelserver_cli.server import Server

Object = dict[str, Any]

_ENDED = "BUILD_FAILED"
_WHILE = 0.1  # seconds of a stage that is worth a line


class Watch:
    """One package's build. What was shown of it is not shown again when the connection has to be made anew."""

    def __init__(self, server: Server, package_id: str, screen: Screen) -> None:
        self._server = server
        self._id = package_id
        self._screen = screen
        self._shown = 0
        self._stages: set[str] = set()

    def follow(self, answer: httpx.Response) -> Object:
        """The package that an upload's answer ends with. Raises Failure with the problem, if it ends with one."""
        with self._viewed() as view:
            ended = self._heard(view, answer)
        return ended or self.join()

    def join(self) -> Object:
        """The package when the build that is under way has ended."""
        patience = Patience(self._screen.say)
        with self._viewed() as view:
            while True:
                try:
                    if ended := self._ended():
                        return ended
                    with self._server.watch(self._id) as answer:
                        if ended := self._heard(view, answer):
                            return ended
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

    def _heard(self, view: View, answer: httpx.Response) -> Object | None:
        """The package that the events end with, None if they break off. Raises Failure with a problem."""
        at = 0
        for name, data in _events(answer):
            if name == "package":
                return _object(data)
            if name == "problem":
                raise refused({"code": _ENDED, "status": 422, **_object(data)})
            if name == "stage":
                self._tell_stage(view, _object(data))
            if name == "log" and isinstance(data, str):
                fresh = data[max(0, self._shown - at) :]
                at += len(data)
                self._shown = max(self._shown, at)
                view.log(fresh)
        return None

    def _tell_stage(self, view: View, stage: Object) -> None:
        """As it begins, and as it ends if that took a while."""
        name, seconds = str(stage.get("Name", "")), stage.get("Seconds")
        if not isinstance(seconds, float | int):
            view.begin(name)
        elif seconds >= _WHILE and name not in self._stages:
            self._stages.add(name)
            view.stage(f"{name}: {words.seconds(seconds)}")


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
