"""Who may ask a server that has no token: this machine, and no web page of someone else's that is open on it.

A page in a browser may send a form to any address, and a name of its own may come to mean 127.0.0.1 (DNS rebinding).
Browsers say where a request comes from (modelserver.http.origin) and which name was asked (Host); curl and other
programs say the latter alone.
"""

from __future__ import annotations

import ipaddress
import re

from werkzeug.wrappers import Request

from modelserver.errors import Forbidden, Unauthorized
from modelserver.http.origin import HARMLESS, from_elsewhere

_LOOPBACK_NAME = re.compile(r"(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])(?::\d{1,5})?", re.ASCII | re.IGNORECASE)


def admit(request: Request, token: str) -> None:
    """Raises Unauthorized, Forbidden. With a token there is nothing to do here: nobody else's page knows it."""
    if token:
        return
    if not is_loopback(request.environ.get("REMOTE_ADDR", "")):
        raise Unauthorized("Without a token this server serves its own machine alone. Start it with MODELSERVER_TOKEN.")
    _require_loopback_name(request.environ.get("HTTP_HOST", "localhost"))
    if request.method not in HARMLESS and from_elsewhere(request):
        raise Forbidden(
            "A web page of another origin sent this. Without a token none may change anything here:"
            " use curl, or start the server with MODELSERVER_TOKEN."
        )


def is_loopback(address: str) -> bool:
    """Of an address, or "localhost"; also of "", a Unix socket's peer, which file permissions guard."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return address in ("", "localhost")
    return (getattr(parsed, "ipv4_mapped", None) or parsed).is_loopback


def _require_loopback_name(host: str) -> None:
    if not _LOOPBACK_NAME.fullmatch(host):
        raise Forbidden(
            f"Without a token this server is called localhost or 127.0.0.1, not {host[:100]!r}."
            " Ask it by that name, or start it with MODELSERVER_TOKEN."
        )
