"""The model's process is born, in a session of its own, before the server's process has loaded what it needs itself."""

import os
import socket
import subprocess
import sys
from typing import Dict, NamedTuple

from jid.config import Config
from jid.shelf import Shelf, new_shelf

_MAIN = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "__main__.py")


class Born(NamedTuple):
    """A process, and our ends of what leads to it. orders: a pipe for the numbers of runs to cancel.

    channel: for messages. road, shelf: for large answers. printed: a pipe with all that it prints.
    """

    child: "subprocess.Popen[bytes]"
    channel: socket.socket
    road: socket.socket
    shelf: Shelf
    orders: int
    printed: int

    def forsake(self) -> None:
        """End it at once, when it is not wanted after all."""
        self.child.kill()
        self.child.wait()
        self.close()

    def close(self) -> None:
        """Close our ends."""
        self.channel.close()
        self.road.close()
        self.shelf.close()
        os.close(self.orders)
        os.close(self.printed)


def bear(config: Config, temporary: str) -> Born:
    """Start a process that imports the model's class and waits. temporary: what `tempfile` gives the model.

    Raises OSError or RuntimeError where the system has no room for a process.
    """
    channel, their_channel = socket.socketpair()
    road, their_road = socket.socketpair()
    control, orders = os.pipe()
    printed, printed_to = os.pipe()
    shelf = new_shelf()
    theirs = (their_channel.fileno(), their_road.fileno(), shelf, control)
    try:
        child = subprocess.Popen(
            [sys.executable, "-u", _MAIN, "worker", *map(str, theirs)],
            stdin=subprocess.DEVNULL,
            stdout=printed_to,
            stderr=printed_to,
            pass_fds=[one for one in theirs if one >= 0],
            cwd=config.source if os.path.isdir(config.source) else "/",
            env=_environment(config, temporary),
            start_new_session=True,
        )
    except BaseException:
        for end in (channel, road):
            end.close()
        for descriptor in (orders, printed, *([shelf] if shelf >= 0 else [])):
            os.close(descriptor)
        raise
    finally:
        their_channel.close()
        their_road.close()
        os.close(control)
        os.close(printed_to)
    for one in (channel, road):
        one.setblocking(False)
    os.set_blocking(orders, False)
    return Born(child, channel, road, Shelf(shelf), orders, printed)


def _environment(config: Config, temporary: str) -> Dict[str, str]:
    environment = dict(os.environ, JID_CONFIG=config.path, JID_SOURCE=config.source)
    if temporary:
        environment["TMPDIR"] = temporary
    return environment
