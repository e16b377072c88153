"""What a client may do, by the token that it sends: who may write may read, who may read may not write.

A browser that is signed in sends a cookie instead, which stands for the token that it was given for.
"""

from __future__ import annotations

import hashlib
import hmac

from werkzeug.wrappers import Request

from modelserver.errors import Forbidden, Unauthorized
from modelserver.http import session
from modelserver.settings import Settings

_READING = ("GET", "HEAD")


def authorize(request: Request, settings: Settings) -> None:
    """Raises Unauthorized, Forbidden. Nothing is asked for where no token is set.

    Both tokens are compared, whichever it is, and as digests: the time it takes tells nothing about them.
    """
    if not settings.token:
        return
    given = (request.authorization.token if request.authorization else None) or ""
    may_write = is_token(given, settings.token) or session.admits(request, settings, settings.token)
    may_read = is_token(given, settings.read_token) or session.admits(request, settings, settings.read_token)
    if not (may_write or may_read):
        headers = {"WWW-Authenticate": 'Bearer realm="modelserver"'}
        raise Unauthorized('Send it with: curl -H "Authorization: Bearer $TOKEN"', headers=headers)
    if not may_write and request.method not in _READING:
        headers = {"WWW-Authenticate": 'Bearer realm="modelserver", error="insufficient_scope"'}
        raise Forbidden(f"The token that was sent may only read, and {request.method} changes things.", headers=headers)


def is_token(given: str, token: str) -> bool:
    """Whether it is this token, and there is one."""
    return hmac.compare_digest(_digest(given), _digest(token)) and bool(token)


def _digest(token: str) -> bytes:
    return hashlib.sha256(token.encode()).digest()
