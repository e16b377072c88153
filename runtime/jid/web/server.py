"""`jid serve`: the process in front of the model's process."""

import asyncio
import gc
import os
import shutil
import signal
import socket
import sys
import tempfile
from typing import Set

from jid.config import Config
from jid.failure import CONFIG_INVALID, Failure
from jid.keep.keeper import Keeper
from jid.web.connection import Connection, Site
from jid.web.memory import Memory
from jid.web.predictions import Predictions
from jid.web.routes import routes
from jid.web.service import Service

_LOOKS = 12  # for silent clients, in the time after which they are let go
_FAREWELL = 1.0  # seconds for the last answers, once the runs under way have been given up
_WAITING = 1024  # connections that the system may hold for us


async def serve(config: Config, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT; then finish what is under way and end."""
    temporary = os.path.realpath(tempfile.mkdtemp(prefix="jid-"))
    try:
        await _Server(config, temporary).serve(_listening(host, port))
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


class _Server:
    """The listening socket, the connections, and the model's keeper."""

    def __init__(self, config: Config, temporary: str) -> None:
        self._loop = asyncio.get_event_loop()
        self._keeper = Keeper(config, temporary)
        connections: Set[Connection] = set()
        self._settings = config.settings
        self._predictions = Predictions()
        service = Service(config, self._keeper, self._predictions, connections.__len__)
        memory = Memory(config.settings.max_body)
        table = routes(dict(os.environ))
        self._site = Site(service, table, temporary, memory, config.settings.connections, connections)
        self._told_to_stop = asyncio.Event()

    async def serve(self, listening: socket.socket) -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            self._loop.add_signal_handler(number, self._told_to_stop.set)
        keeping = self._loop.create_task(self._keeper.keep())
        server = await self._loop.create_server(lambda: Connection(self._site), sock=listening, backlog=_WAITING)
        _freeze()
        looking = self._loop.create_task(self._look_for_silence())
        print("serving on {}".format(_address(listening)), file=sys.stderr, flush=True)
        await self._told_to_stop.wait()
        server.close()
        looking.cancel()
        await self._finish()
        keeping.cancel()
        await asyncio.wait([keeping])

    async def _finish(self) -> None:
        """Let all that has been taken on come to its end, and take on nothing new."""
        for connection in list(self._site.open):
            connection.finish()
        await self._quiet(self._settings.drain)
        self._keeper.refuse()
        self._predictions.cancel()
        await self._quiet(_FAREWELL)
        for connection in list(self._site.open):
            connection.stop()

    async def _quiet(self, seconds: float) -> None:
        """Wait until nothing is under way, for so many seconds at most."""
        end = self._loop.time() + seconds
        while (self._site.open or self._predictions.is_busy()) and self._loop.time() < end:
            await asyncio.sleep(0.02)

    async def _look_for_silence(self) -> None:
        while True:
            await asyncio.sleep(self._settings.silence / _LOOKS)
            for connection in list(self._site.open):
                connection.give_up(self._settings.silence)


def _freeze() -> None:
    """What has been loaded stays; the garbage collector need not go through it for every so many requests."""
    if hasattr(gc, "freeze"):  # from Python 3.7 on
        gc.freeze()


def _listening(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
    except (OSError, OverflowError) as error:
        listening.close()
        raise Failure(CONFIG_INVALID, "cannot listen on {}:{}: {}".format(host, port, error)) from None
    listening.listen(_WAITING)
    listening.setblocking(False)
    return listening


def _address(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return "http://{}:{}".format("[" + host + "]" if ":" in host else host, port)
