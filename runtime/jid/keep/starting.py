"""Starts the model's process in a session of its own."""

import asyncio
import os
import signal
import socket
import subprocess
import sys
from typing import Dict, Optional

from jid.config import Config
from jid.keep.printed import Printed
from jid.keep.process import Bounds, Process

_MAIN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "__main__.py")


async def start(config: Config, limit: Optional[int] = None, temporary: str = "") -> Process:
    """Start a process that imports the model's class and waits. limit: bytes of its prints that are copied to
    our standard error. temporary: the directory that `tempfile` gives the model.

    Raises OSError or RuntimeError where the system has no room for a process.
    """
    loop = asyncio.get_event_loop()
    ours, theirs = socket.socketpair()
    control, orders = os.pipe()
    out, printed_to = os.pipe()
    try:
        child = _child(config, temporary, theirs.fileno(), control, printed_to)
    except OSError:
        ours.close()
        os.close(orders)
        os.close(out)
        raise
    finally:
        theirs.close()
        os.close(control)
        os.close(printed_to)
    os.set_blocking(orders, False)
    process = Process(child, orders, Bounds(temporary, config.settings.spool, config.settings.grace))
    process.printed = Printed(out, limit, process.hear_print)
    ours.setblocking(False)
    await loop.create_connection(lambda: process, sock=ours)
    loop.add_signal_handler(signal.SIGCHLD, process.look)
    process.look()  # it may have ended before that
    return process


def _child(config: Config, temporary: str, channel: int, control: int, printed_to: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-u", _MAIN, "worker", str(channel), str(control)],
        stdin=subprocess.DEVNULL,
        stdout=printed_to,
        stderr=printed_to,
        pass_fds=[channel, control],
        cwd=config.source if os.path.isdir(config.source) else "/",
        env=_environment(config, temporary),
        start_new_session=True,
    )


def _environment(config: Config, temporary: str) -> Dict[str, str]:
    environment = dict(os.environ, JID_CONFIG=config.path, JID_SOURCE=config.source)
    if temporary:
        environment["TMPDIR"] = temporary
    return environment
