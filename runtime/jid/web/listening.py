"""The socket that clients connect to; it is there before the rest of the server is loaded."""

import socket
from typing import Any

from jid.failure import CONFIG_INVALID, Failure

WAITING = 1024  # connections that the system may hold for us


def listening_on(host: str, port: int) -> socket.socket:
    """Raises Failure CONFIG_INVALID where that address cannot be had."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    return _listening(family, (host, port), "{}:{}".format(host, port))


def listening_at(path: str) -> socket.socket:
    """A Unix socket, for whoever may enter its folder. Raises Failure CONFIG_INVALID."""
    return _listening(socket.AF_UNIX, path, path)


def _listening(family: int, address: Any, shown: str) -> socket.socket:
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(address)
    except (OSError, OverflowError) as error:
        listening.close()
        raise Failure(CONFIG_INVALID, "cannot listen on {}: {}".format(shown, error)) from None
    listening.listen(WAITING)
    listening.setblocking(False)
    return listening


def address_of(listening: socket.socket) -> str:
    """As a client writes it."""
    if listening.family == socket.AF_UNIX:
        return str(listening.getsockname())
    host, port = listening.getsockname()[:2]
    return "http://{}:{}".format("[" + host + "]" if ":" in host else host, port)
