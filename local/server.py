"""gunicorn as the server of one machine."""

from __future__ import annotations

import errno
import logging
import signal
import socket
import sys
from collections.abc import Callable, Iterable
from typing import Any

from gunicorn.app.base import BaseApplication
from gunicorn.arbiter import Arbiter
from werkzeug.wrappers import Request

from local.application import respond
from local.house import House
from local.prctl import end_with_parent
from local.worker import Worker
from modelserver.errors import Misconfigured

CANNOT_START = 2
_THREADS = 256
_BACKLOG = 2048
# Seconds, as nginx has it: gunicorn's own 2 end connections just as a client that paused sends its next request.
_KEEPALIVE = 75
_GOODBYES = ("Shutting down: Master", "Reason: Worker failed to boot.", f"exited with code {CANNOT_START}.")


def listening(host: str, port: int) -> socket.socket:
    """A socket bound to host and port. Raises Misconfigured."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, address = min(found, key=lambda each: each[0] != socket.AF_INET)
        bound = socket.socket(family, socket.SOCK_STREAM)
        bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        bound.bind(address)
        bound.listen(_BACKLOG)
    except OSError as error:
        raise Misconfigured(_no_address(host, port, error)) from None
    return bound


def _no_address(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} of {host} is in use by another program. Choose a free one, as with --port {port + 1}."
    if error.errno == errno.EACCES:
        return f"Port {port} is for the system's own programs. Choose one from 1024 on, as with --port 8080."
    return f"--host {host} is no address of this machine: {error.strerror}. Leave it out to serve this machine alone."


class Server(BaseApplication):
    """One worker process: the house is opened in it, and it ends with its parent.

    open_house: raises Misconfigured, and then the server ends with status 2. ready: called when the house is open.
    """

    def __init__(self, bound: socket.socket, open_house: Callable[[], House], ready: Callable[[House], None]) -> None:
        self._socket = bound
        self._open = open_house
        self._ready = ready
        self._house: House | None = None
        super().__init__()

    def load_config(self) -> None:
        options = {
            "bind": f"fd://{self._socket.detach()}",
            "worker_class": Worker,
            "threads": _THREADS,
            "timeout": 0,
            "keepalive": _KEEPALIVE,
            "graceful_timeout": 5,
            "loglevel": "warning",
            "post_fork": lambda server, worker: end_with_parent(),
            "worker_exit": lambda server, worker: self._close(),
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def run(self) -> None:
        """Until it is asked to end. Raises SystemExit."""
        _Keeper(self).run()

    def load(self) -> Any:
        try:
            house = self._house = self._open()
        except Misconfigured as problem:
            complain(problem)
            sys.exit(CANNOT_START)
        self._ready(house)

        def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            return respond(Request(environ), lambda: house)(environ, start_response)

        return application

    def _close(self) -> None:
        """Nothing interrupts it: Ctrl-C reaches the worker twice, from the terminal and from its parent."""
        for number in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM):
            signal.signal(number, signal.SIG_IGN)
        if self._house:
            self._house.close()


class _Keeper(Arbiter):
    """The parent of the worker; when that cannot open the house, it has said why, and all ends."""

    WORKER_BOOT_ERROR = CANNOT_START

    def setup(self, app: Any) -> None:
        super().setup(app)
        logging.getLogger("gunicorn.error").addFilter(lambda line: not line.getMessage().endswith(_GOODBYES))


def complain(problem: Misconfigured) -> None:
    print(f"modelserver cannot start: {problem.detail}", file=sys.stderr, flush=True)
