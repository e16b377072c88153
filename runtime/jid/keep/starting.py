"""Takes a new process of the model's into the event loop."""

import asyncio
import signal
from typing import Optional

from jid.config import Config
from jid.keep.birth import Born, bear
from jid.keep.printed import Printed
from jid.keep.process import Bounds, Process


async def start(config: Config, limit: Optional[int] = None, temporary: str = "") -> Process:
    """Start a process that imports the model's class and waits. limit: bytes of its prints that are copied to
    our standard error. temporary: the directory that `tempfile` gives the model.

    Raises OSError or RuntimeError where the system has no room for a process.
    """
    return await raised(bear(config, temporary), config, limit, temporary)


async def raised(born: Born, config: Config, limit: Optional[int] = None, temporary: str = "") -> Process:
    """The same for a process that runs already."""
    loop = asyncio.get_event_loop()
    process = Process(born, Bounds(temporary, config.settings.spool, config.settings.grace))
    try:
        process.printed = Printed(born.printed, limit, process.hear_print)
    except RuntimeError:  # no room for a thread
        born.forsake()
        raise
    await loop.create_connection(lambda: process, sock=born.channel)
    loop.add_signal_handler(signal.SIGCHLD, process.look)
    process.look()  # it may have ended before that
    return process
