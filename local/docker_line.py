"""Talking to the Docker engine: short calls, and long ones that another thread can hang up."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from types import TracebackType

import requests
from docker import APIClient
from docker.constants import DEFAULT_UNIX_SOCKET
from docker.errors import DockerException
from docker.types import CancellableStream
from docker.utils import kwargs_from_env

from modelserver.errors import Unavailable

_SECONDS = 60.0


def docker_answers() -> bool:
    """Whether a Docker engine answers where DOCKER_HOST, or else the usual socket, says."""
    try:
        connect(seconds=5).close()
    except Unavailable:
        return False
    return True


def connect(seconds: float | None = _SECONDS) -> APIClient:
    """A client of the engine. seconds: for each answer; None: as long as it takes. Raises Unavailable."""
    place = kwargs_from_env()
    with reached():
        _knock(str(place.get("base_url", DEFAULT_UNIX_SOCKET)))
        # The client asks for the engine's version as it is made.
        return APIClient(timeout=seconds, **place)  # type: ignore[arg-type]


@contextmanager
def calling() -> Iterator[APIClient]:
    """A client for short calls. Raises Unavailable when the engine does not answer one of them."""
    api = connect()
    try:
        with reached():
            yield api
    finally:
        api.close()


@contextmanager
def reached() -> Iterator[None]:
    """Turns a connection that fails, or breaks off, into Unavailable with the cure."""
    try:
        yield
    except (requests.ConnectionError, requests.Timeout, OSError) as error:
        raise _unreachable(error) from None
    except DockerException as error:
        # The client's own word for "no version came back".
        if type(error) is DockerException:
            raise _unreachable(error) from None
        raise


class Line:
    """One long call: make it with `api`; whoever waits in it wakes up when another thread hangs up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._over = False
        self._answers: list[requests.Response] = []
        self.api = connect(seconds=None)
        self.api.hooks["response"].append(self._answered)

    def __enter__(self) -> Line:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._break()  # the engine holds a container's end up while somebody listens who does not read
        for answer in self._answers:
            answer.close()
        self.api.close()

    def hang_up(self) -> None:
        """Breaks the connection, now or as soon as the engine begins to answer. Raises nothing."""
        with self._lock:
            self._over = True
            self._break()

    def _answered(self, answer: requests.Response, **_: object) -> None:
        with self._lock:
            self._answers.append(answer)
            if self._over:
                self._break()

    def _break(self) -> None:
        for answer in self._answers:
            # An answer that is read to its end has no socket any more.
            with suppress(AttributeError, OSError):
                CancellableStream(iter(()), answer).close()


def _knock(address: str) -> None:
    """Raises OSError when nobody listens on a Unix socket, where the client would leave a socket open."""
    scheme, _, path = address.partition("://")
    if scheme.endswith("unix"):
        with socket.socket(socket.AF_UNIX) as probe:
            probe.connect("/" + path.lstrip("/"))


def _unreachable(error: Exception) -> Unavailable:
    return Unavailable(
        f"The Docker engine does not answer: {error}. Start it (and see that this user may talk to it), "
        "or run the server with --engine process."
    )
