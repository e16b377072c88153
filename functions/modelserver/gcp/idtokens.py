"""ID tokens: what a service of Cloud Run is called with, made for its address alone."""

from __future__ import annotations

import threading
import time
from functools import partial

from google.auth.transport.requests import Request
from google.oauth2 import id_token

from modelserver.gcp.calls import calling

_LASTS = 3600.0  # seconds (cloud.google.com/docs/authentication/token-types: ID tokens)
_MARGIN = 600.0
_PATIENCE = 10.0


class IDTokens:
    """Of the account that this process runs as, kept while they last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._request = partial(Request(), timeout=_PATIENCE)
        self._known: dict[str, tuple[float, str]] = {}

    def of(self, audience: str) -> str:
        """Raises Unavailable, Misconfigured."""
        with self._lock:
            until, token = self._known.get(audience, (0.0, ""))
            if time.monotonic() < until:
                return token
            with calling("The metadata server"):
                token = str(id_token.fetch_id_token(self._request, audience))
            self._known[audience] = time.monotonic() + _LASTS - _MARGIN, token
            return token
