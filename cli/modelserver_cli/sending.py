"""The bytes of a zip on their way to the server: in one request if they are few, else through a session.

A session outlives a cut: the server says how much has arrived, and the rest is sent. The protocol is Cloud Storage's
resumable upload, which local mode speaks too (cloud.google.com/storage/docs/performing-resumable-uploads).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO

import httpx

from modelserver_cli.exits import Exit
from modelserver_cli.failure import Failure
from modelserver_cli.identity import Advance
from modelserver_cli.patience import Patience
from modelserver_cli.refusal import refusal, unreachable
from modelserver_cli.screen import Bar
from modelserver_cli.server import Server
from modelserver_cli.unfinished import Session, Unfinished

_CHUNK = 256 * 1024
_ARRIVED = re.compile(r"bytes=0-(\d{1,18})", re.ASCII)
_AGAIN = (408, 409, 429)  # 409: the server has not yet noticed that the last request is dead


@dataclass(frozen=True)
class Parcel:
    """A zip to be sent. size: bytes; key: the same for the same bytes."""

    file: BinaryIO
    size: int
    key: str

    def read(self, start: int, advance: Advance = lambda _: None) -> Iterator[bytes]:
        """From byte `start` on. advance: told of each chunk's bytes."""
        self.file.seek(start)
        while chunk := self.file.read(_CHUNK):
            yield chunk
            advance(len(chunk))


class Cut(Exception):
    """A try came to nothing; another one may not."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Passage:
    """A parcel's way through a session."""

    def __init__(self, server: Server, parcel: Parcel, patience: Patience) -> None:
        self._server = server
        self._parcel = parcel
        self._patience = patience
        self._unfinished = Unfinished(str(server.address), parcel.key)

    def send(self, bar: Bar) -> str:
        """Sends what is missing; the session's name. Raises Failure when nothing moves any more."""
        session, at = self._taken_up() or self._begun()
        known = True
        bar.place(at)
        while at < self._parcel.size:
            try:
                reached = self._put(session, at, bar) if known else self._asked(session)
            except Cut as cut:
                known = False
                self._patience.spend(cut.failure)
                continue
            if reached > at:
                self._patience.renew()
            at, known = reached, True
            bar.place(at)
        return session.name

    def forget(self) -> None:
        """To be called when the server has used the session up."""
        self._unfinished.forget()

    def _begun(self) -> tuple[Session, int]:
        session = Session(*self._server.begin(self._parcel.size))
        self._unfinished.keep(session)
        return session, 0

    def _taken_up(self) -> tuple[Session, int] | None:
        """The session of an earlier command, if the server still knows it."""
        session = self._unfinished.read()
        try:
            return (session, self._asked(session)) if session else None
        except (Cut, Failure):
            return None

    def _asked(self, session: Session) -> int:
        return self._sent(session, f"bytes */{self._parcel.size}", b"")

    def _put(self, session: Session, at: int, bar: Bar) -> int:
        size = self._parcel.size
        reached = self._sent(session, f"bytes {at}-{size - 1}/{size}", self._parcel.read(at, bar.advance))
        if reached <= at:
            raise Cut(Failure(Exit.NO_SERVER, "Nothing of what was sent arrives."))
        return reached

    def _sent(self, session: Session, content_range: str, body: Iterator[bytes] | bytes) -> int:
        """How many bytes have arrived. Raises Cut, Failure."""
        try:
            answer = self._server.put(session.location, content_range, body)
        except httpx.HTTPError as error:
            raise Cut(unreachable(error, self._server.address)) from error
        if answer.is_success:
            return self._parcel.size
        if answer.status_code == 308:
            found = _ARRIVED.fullmatch(answer.headers.get("Range", ""))
            return int(found[1]) + 1 if found else 0
        failure = refusal(answer, self._server.address)
        if answer.status_code in _AGAIN or answer.status_code >= 500:
            raise Cut(failure)
        self._unfinished.forget()
        raise failure
