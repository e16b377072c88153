"""The token that the server is sent, and nobody else."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Generator, Mapping

import httpx

from modelserver_cli.address import Address
from modelserver_cli.exits import Exit
from modelserver_cli.failure import Failure

VARIABLE = "MODELSERVER_TOKEN"
_FRESH = 45 * 60.0  # Google's identity tokens are good for an hour
_PATIENCE = 60.0


class Token(httpx.Auth):
    """From MODELSERVER_TOKEN; else, where the server is on Google Cloud, from gcloud; else none."""

    def __init__(self, address: Address, environment: Mapping[str, str]) -> None:
        self._address = address
        self._given = environment.get(VARIABLE, "")
        self._known = ""
        self._until = 0.0

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        """Raises Failure NO_ACCESS when gcloud gives none."""
        if self._address.is_mine(request.url) and (token := self._token()):
            request.headers["Authorization"] = f"Bearer {token}"
        yield request

    def _token(self) -> str:
        if self._given or not self._address.is_google:
            return self._given
        if time.monotonic() >= self._until:
            self._known = _from_gcloud(str(self._address))
            self._until = time.monotonic() + _FRESH
        return self._known


def _from_gcloud(audience: str) -> str:
    """A service account must say whom the token is for; a person's account cannot."""
    said = ""
    for words in ([f"--audiences={audience}"], []):
        try:
            done = subprocess.run(
                ["gcloud", "auth", "print-identity-token", *words], capture_output=True, text=True, timeout=_PATIENCE
            )
        except FileNotFoundError:
            raise _no_token("gcloud is not installed here") from None
        except subprocess.TimeoutExpired:
            raise _no_token(f"gcloud said nothing for {_PATIENCE:.0f} s") from None
        if done.returncode == 0 and done.stdout.strip():
            return done.stdout.strip()
        said = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"it ended with {done.returncode}"
    raise _no_token(f"gcloud gives none: {said}")


def _no_token(reason: str) -> Failure:
    hint = f"run `gcloud auth login`, or set {VARIABLE}"
    return Failure(Exit.NO_ACCESS, f"The server wants an identity token of Google's, and {reason}.", hint)
