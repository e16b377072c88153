"""`jid serve`: the process in front of the model's process."""

import asyncio
import os
import signal
import socket
import sys
from typing import Optional, Set

from jid.config import Config
from jid.keep.birth import Born
from jid.keep.keeper import Keeper
from jid.web.connection import Connection, Site
from jid.web.listening import WAITING, address_of
from jid.web.memory import Memory
from jid.web.predictions import Predictions
from jid.web.routes import routes
from jid.web.service import Service

_LOOKS = 12  # for silent clients, in the time after which they are let go
_FAREWELL = 1.0  # seconds for the last answers, once the runs under way have been given up


async def serve(config: Config, listening: socket.socket, temporary: str, first: Optional[Born]) -> None:
    """Serve until SIGTERM or SIGINT; then finish what is under way and end. first: the model's process, if it runs."""
    await _Server(config, temporary, first).serve(listening)


class _Server:
    """The listening socket, the connections, and the model's keeper."""

    def __init__(self, config: Config, temporary: str, first: Optional[Born]) -> None:
        self._loop = asyncio.get_event_loop()
        self._keeper = Keeper(config, temporary, first)
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
        server = await self._loop.create_server(lambda: Connection(self._site), sock=listening, backlog=WAITING)
        looking = self._loop.create_task(self._look_for_silence())
        print("serving on {}".format(address_of(listening)), file=sys.stderr, flush=True)
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
