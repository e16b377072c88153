"""The server, as a client sees it: one method for each thing that can be asked of it."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx

from modelserver_cli import __version__
from modelserver_cli.address import Address
from modelserver_cli.exits import Exit
from modelserver_cli.failure import Failure
from modelserver_cli.refusal import not_ours, refusal, unreachable
from modelserver_cli.token import Token

Object = dict[str, Any]

_PACKAGES = "/v1/packages/"
_STREAM = "application/x-ndjson"
_PAGE = 1000
# A server that watches a build says something every few seconds; an upload's answer may take as long as its hashing.
_PATIENCE = httpx.Timeout(30.0, read=600.0)
# A connection for each request: one that was kept may just be closing, and a POST cannot be repeated blindly.
_ONE_EACH = httpx.Limits(max_keepalive_connections=0)


class Server:
    """Raises Failure from every method: the server's own refusals, and that it cannot be reached."""

    def __init__(self, address: Address) -> None:
        self.address = address
        self._http = httpx.Client(
            base_url=str(address),
            auth=Token(address, os.environ),
            headers={"User-Agent": f"modelserver-cli/{__version__}", "Accept": "application/json"},
            timeout=_PATIENCE,
            limits=_ONE_EACH,
        )

    def package(self, package_id: str) -> Object | None:
        """None if the server has no such package."""
        try:
            return self._object("GET", _PACKAGES + package_id)
        except Failure as failure:
            if failure.document.get("code") == "PACKAGE_NOT_FOUND":
                return None
            raise

    def packages(self, limit: int, **wanted: str) -> Iterator[Object]:
        """The newest first, at most `limit`. wanted: name, status."""
        where: str | None = _PACKAGES
        asked: dict[str, str] | None = {**wanted, "limit": str(min(limit, _PAGE))}
        while where and limit > 0:
            answer = self._ask("GET", where, params=asked)
            page = self._json(answer, list)[:limit]
            limit -= len(page)
            yield from page
            where, asked = answer.links.get("next", {}).get("url"), None

    def check(self, body: bytes, kind: str) -> Object:
        """What an upload would make of a zip or of a jid.yaml. kind: its media type."""
        return self._object("POST", _PACKAGES + "check", content=body, headers={"Content-Type": kind})

    def delete(self, package_id: str) -> None:
        self._ask("DELETE", _PACKAGES + package_id)

    def begin(self, size: int) -> tuple[str, str]:
        """A session for a zip of so many bytes: its name, and where to PUT the zip."""
        begun = self._object("POST", _PACKAGES + "uploads", json={"Size": size})
        name, location = begun.get("Upload"), begun.get("Location")
        if not (isinstance(name, str) and isinstance(location, str)):
            raise Failure(Exit.NO_SERVER, f"{self.address} opened an upload session without saying where it is.")
        return name, location

    def put(self, location: str, content_range: str, body: Iterator[bytes] | bytes) -> httpx.Response:
        """Bytes for a session, wherever it is; the answer, whatever it is. Raises httpx.HTTPError."""
        length = body_length(content_range)
        headers = {"Content-Range": content_range, "Content-Length": str(length)}
        return self._http.put(location, content=body, headers=headers)

    @contextmanager
    def upload(self, **body: Any) -> Iterator[httpx.Response]:
        """The upload's answer as it comes: events, one a line. body: as httpx takes it."""
        headers = {**body.pop("headers", {}), "Accept": f"{_STREAM}, application/json;q=0.5"}
        with self._stream("POST", _PACKAGES + "upload", headers=headers, **body) as answer:
            yield answer

    @contextmanager
    def log(self, package_id: str, follow: bool) -> Iterator[Iterator[str]]:
        """The build log in pieces of text."""
        asked = {"follow": "1"} if follow else {}
        with self._stream("GET", f"{_PACKAGES}{package_id}/log", params=asked) as answer:
            yield self._guarded(answer.iter_text())

    @contextmanager
    def watch(self, package_id: str) -> Iterator[httpx.Response]:
        """A build from its beginning, as events, one a line."""
        headers = {"Accept": _STREAM}
        with self._stream("GET", f"{_PACKAGES}{package_id}/log", params={"follow": "1"}, headers=headers) as answer:
            yield answer

    @contextmanager
    def zip(self, package_id: str, start: int) -> Iterator[httpx.Response]:
        """The zip from byte `start` on, from wherever the server says that it is."""
        headers = {"Range": f"bytes={start}-"} if start else {}
        address = f"{_PACKAGES}{package_id}.zip"
        with self._stream("GET", address, headers=headers, follow_redirects=True) as answer:
            yield answer

    @contextmanager
    def infer(self, package_id: str, **body: Any) -> Iterator[httpx.Response]:
        """The model's answer as it comes."""
        headers = {**body.pop("headers", {}), "Accept": "*/*"}
        with self._stream("POST", f"{_PACKAGES}{package_id}/infer", headers=headers, **body) as answer:
            yield answer

    def page(self, package_id: str = "") -> str:
        """The address of the page of a package, or of the list."""
        return f"{self.address}{_PACKAGES}{package_id}"

    def _object(self, method: str, path: str, **more: Any) -> Object:
        found: Object = self._json(self._ask(method, path, **more), dict)
        return found

    def _json(self, answer: httpx.Response, kind: type) -> Any:
        try:
            found = json.loads(answer.content)
        except ValueError:
            raise not_ours(answer, self.address) from None
        if not isinstance(found, kind):
            raise not_ours(answer, self.address)
        return found

    def _ask(self, method: str, path: str, **more: Any) -> httpx.Response:
        try:
            answer = self._http.request(method, path, **more)
        except httpx.HTTPError as error:
            raise unreachable(error, self.address) from error
        if not answer.is_success:
            raise refusal(answer, self.address)
        return answer

    @contextmanager
    def _stream(self, method: str, path: str, **more: Any) -> Iterator[httpx.Response]:
        try:
            with self._http.stream(method, path, **more) as answer:
                if not answer.is_success:
                    answer.read()
                    raise refusal(answer, self.address)
                yield answer
        except httpx.HTTPError as error:
            raise unreachable(error, self.address) from error

    def _guarded(self, pieces: Iterator[str]) -> Iterator[str]:
        try:
            yield from pieces
        except httpx.HTTPError as error:
            raise unreachable(error, self.address) from error


def body_length(content_range: str) -> int:
    """How many bytes `bytes FIRST-LAST/SIZE` announces; 0 for `bytes */SIZE`, which asks."""
    span = content_range.removeprefix("bytes ").partition("/")[0]
    first, dash, last = span.partition("-")
    return int(last) - int(first) + 1 if dash else 0
