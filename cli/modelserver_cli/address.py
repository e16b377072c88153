"""The server's address, as people type it."""

from __future__ import annotations

from dataclasses import dataclass

import httpx

from modelserver_cli.exits import Exit
from modelserver_cli.failure import Failure

DEFAULT = "http://127.0.0.1:8080"
_GOOGLE = (".run.app", ".cloudfunctions.net")


@dataclass(frozen=True)
class Address:
    """Where the routes are: `url` is what stands in front of /v1/."""

    url: httpx.URL

    @classmethod
    def parse(cls, text: str) -> Address:
        """Of `localhost:8080`, `https://models.example.com/`. Raises Failure USAGE."""
        try:
            url = httpx.URL((text if "://" in text else f"http://{text}").rstrip("/"))
        except httpx.InvalidURL as error:
            raise _no_address(text, str(error)) from None
        if url.scheme not in ("http", "https") or not url.host or url.query or url.fragment:
            raise _no_address(text, "it is not like http://localhost:8080")
        if "/v1/" in f"{url.path}/":
            raise _no_address(text, "leave out /v1 and what follows")
        return cls(url)

    def __str__(self) -> str:
        return str(self.url).rstrip("/")

    @property
    def is_google(self) -> bool:
        """A function or service of Google's, which asks for an identity token by itself."""
        return self.url.scheme == "https" and self.url.host.endswith(_GOOGLE)

    def is_mine(self, url: httpx.URL) -> bool:
        """Whether a request goes to the server itself, which may see the token."""
        return (url.scheme, url.host, _port(url)) == (self.url.scheme, self.url.host, _port(self.url))


def _port(url: httpx.URL) -> int:
    return url.port or {"http": 80, "https": 443}.get(url.scheme, 0)


def _no_address(text: str, reason: str) -> Failure:
    return Failure(Exit.USAGE, f"{text!r} is no address of a server: {reason}.", "set it with --url or MODELSERVER_URL")
