"""A browser that is signed in: a cookie that whoever had the token was given, good for some hours.

`<expiry>.<HMAC-SHA-256 of it under the token>`: nothing is kept here, another token ends every session, and the token
itself cannot be read from it. HttpOnly, SameSite=Strict; and what changes something counts only if the browser says
that a page of this origin sent it, since SameSite does not tell the ports of one host apart.
"""

from __future__ import annotations

import hashlib
import hmac
import time

from werkzeug.wrappers import Request, Response

from modelserver.http.origin import HARMLESS, from_here
from modelserver.settings import Settings

_SECONDS = 12 * 3600
_DIGITS = 12


def sign_in(request: Request, answer: Response, settings: Settings, token: str) -> None:
    """token: the one that was given, to write or to read."""
    expiry = str(int(time.time()) + _SECONDS)
    answer.set_cookie(
        _name(settings),
        f"{expiry}.{_mac(token, expiry)}",
        max_age=_SECONDS,
        path="/",
        secure=is_secure(request),
        httponly=True,
        samesite="Strict",
    )


def sign_out(request: Request, answer: Response, settings: Settings) -> None:
    answer.delete_cookie(_name(settings), path="/", secure=is_secure(request), httponly=True, samesite="Strict")


def is_signed_in(request: Request, settings: Settings) -> bool:
    """Whether the request's cookie stands for a token of this server."""
    return any(_stands_for(request, settings, token) for token in (settings.token, settings.read_token))


def admits(request: Request, settings: Settings, token: str) -> bool:
    """Whether the cookie is as good as this token for this request."""
    return _stands_for(request, settings, token) and (request.method in HARMLESS or from_here(request))


def _stands_for(request: Request, settings: Settings, token: str) -> bool:
    expiry, _, mac = request.cookies.get(_name(settings), "").partition(".") if token else ("", "", "")
    fresh = expiry.isascii() and expiry.isdigit() and len(expiry) < _DIGITS and time.time() < int(expiry)
    return fresh and hmac.compare_digest(mac.encode(), _mac(token, expiry).encode())


def is_secure(request: Request) -> bool:
    """Whether the browser speaks TLS, with us or with what stands in front of us."""
    return request.is_secure or request.headers.get("X-Forwarded-Proto", "") == "https"


def _name(settings: Settings) -> str:
    """Browsers share cookies between the ports of a host: two servers with two tokens get along."""
    return f"modelserver-{_mac(settings.token, 'name')[:8]}"


def _mac(token: str, text: str) -> str:
    return hmac.new(token.encode(), f"modelserver session {text}".encode(), hashlib.sha256).hexdigest()
