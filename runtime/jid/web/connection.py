"""One connection of HTTP/1.1: requests in one after another, their answers out in the same order."""

import asyncio
import sys
import traceback
from typing import Dict, NamedTuple, Optional, Set

from jid.failure import INTERNAL, STOPPING
from jid.web.body import Body, body_for
from jid.web.errand import Errand
from jid.web.framing import Framing
from jid.web.problem import HEAD_TOO_LARGE, REQUEST_TIMED_OUT, Problem
from jid.web.request import Request, parse
from jid.web.response import FileContent, Response, head
from jid.web.routes import Endpoint, Service, find, respond

_HEAD = 32768  # bytes of a request's head
_AHEAD = 65536  # bytes that a client may send ahead while its last request is worked on
_PIECE = 262144  # bytes of a file read at once
_LINGER = 2.0  # seconds in which a client that was refused early may read the answer


class Site(NamedTuple):
    """What all connections share. `open` holds those that are there now."""

    service: Service
    table: Dict[str, Dict[str, Endpoint]]
    temporary: str
    open: "Set[Connection]"


class Connection(asyncio.Protocol):
    """Reads requests and sends answers on one socket."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._loop = asyncio.get_event_loop()
        self._buffer = bytearray()
        self._errand: Optional[Errand] = None
        self._body: Optional[Body] = None
        self._framing = Framing(0)
        self._endpoint: Optional[Endpoint] = None
        self._work: "Optional[asyncio.Task[None]]" = None
        self._room: "Optional[asyncio.Future[None]]" = None
        self._is_deaf = False  # whatever else arrives is ignored
        self._is_last = False  # the next answer closes the connection
        self._since = self._loop.time()
        self._wire: asyncio.Transport = None  # type: ignore[assignment]  # before connection_made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = transport  # type: ignore[assignment]  # a socket's transport reads and writes
        self._site.open.add(self)

    def connection_lost(self, error: Optional[Exception]) -> None:
        self._site.open.discard(self)
        if self._work:
            self._work.cancel()
        else:
            self._clear()
        if self._room and not self._room.done():
            self._room.cancel()

    def pause_writing(self) -> None:
        self._room = self._loop.create_future()

    def resume_writing(self) -> None:
        if self._room and not self._room.done():
            self._room.set_result(None)
        self._room = None

    def data_received(self, data: bytes) -> None:
        if self._is_deaf:
            return
        if not self._buffer or self._body:
            self._since = self._loop.time()
        self._buffer += data
        if self._work is None:
            self._read()
        elif len(self._buffer) > _AHEAD:
            self._wire.pause_reading()

    def is_working(self) -> bool:
        """Whether an answer is being made or sent."""
        return self._work is not None

    def finish(self) -> None:
        """Close now, or after the answer that is being made."""
        self._is_last = True
        if self._work is None:
            self._wire.close()

    def give_up(self, before: float) -> None:
        """Close if the client has been silent since before then; `before` is a time of the event loop."""
        if self._work or self._is_deaf or self._since > before:
            return
        if self._buffer or self._body:
            self._refuse(Problem(REQUEST_TIMED_OUT, "the rest of the request did not come"))
        else:
            self._wire.close()

    def _read(self) -> None:
        try:
            if self._body is None and not self._read_head():
                return
            self._read_body()
        except Problem as problem:
            self._refuse(problem)
        except OSError as error:  # no room for an incoming file
            self._refuse(Problem(INTERNAL, "the request cannot be stored: {}".format(error.strerror)))

    def _read_head(self) -> bool:
        while self._buffer.startswith(b"\r\n"):
            del self._buffer[:2]
        end = self._buffer.find(b"\r\n\r\n", 0, _HEAD)
        if end < 0:
            if len(self._buffer) >= _HEAD:
                raise Problem(HEAD_TOO_LARGE, "a request's head may have {} bytes".format(_HEAD))
            return False
        request = parse(bytes(self._buffer[:end]))
        del self._buffer[: end + 4]
        self._errand = Errand(request, self._site.temporary)
        self._open(request)
        return True

    def _open(self, request: Request) -> None:
        """Decide by the head alone whether the body is wanted."""
        assert self._errand is not None
        self._framing = Framing(request.length)
        if self._is_last:
            raise Problem(STOPPING, "the server was told to stop; ask another, or again later")
        self._endpoint = find(self._site.table, request.method, request.path)
        self._body = body_for(self._errand)
        if "100-continue" in request.headers.get("expect", "").lower() and not self._buffer:
            self._wire.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _read_body(self) -> None:
        assert self._body is not None
        if not self._framing.done:
            self._body.feed(self._framing.take(self._buffer))
        if self._framing.done:
            self._work = self._loop.create_task(self._answer())

    def _refuse(self, problem: Problem) -> None:
        """Answer before the request was read whole. Where it ends is unknown then, so the connection does too."""
        request = self._errand.request if self._errand else None
        is_whole = request is not None and request.length == 0
        response = problem.response()
        body = b"" if request and request.method == "HEAD" else bytes(response.body)  # type: ignore[arg-type]
        keep = is_whole and request is not None and request.keep and not self._is_last
        self._wire.write(head(response, len(bytes(response.body)), keep) + body)  # type: ignore[arg-type]
        self._clear()
        if keep:
            self._next()
            return
        self._is_deaf = True
        self._buffer.clear()
        if self._wire.can_write_eof():
            self._wire.write_eof()
        self._loop.call_later(_LINGER, self._wire.close)

    async def _answer(self) -> None:
        """Make and send one answer, and clear away what it needed."""
        assert self._errand is not None
        keep = False
        try:
            response = await self._response()
            keep = self._errand.request.keep and not self._is_last
            await self._send(response, self._errand.request, keep)
        except asyncio.CancelledError:
            raise  # until Python 3.7 it is an Exception
        except Exception:
            keep = False  # the answer broke off; the closed connection says so
            traceback.print_exc(file=sys.stderr)
            self._wire.abort()
        finally:
            self._work = None
            self._clear()
        if keep and not self._is_last:
            self._next()
        else:
            self._wire.close()

    async def _response(self) -> Response:
        assert self._endpoint is not None and self._errand is not None and self._body is not None
        try:
            return await respond(self._site.service, self._endpoint, self._errand, self._body)
        except Problem as problem:
            return problem.response()
        except asyncio.CancelledError:
            raise
        except Exception:
            traceback.print_exc(file=sys.stderr)
            return Problem(INTERNAL).response()

    async def _send(self, response: Response, request: Request, keep: bool) -> None:
        if isinstance(response.body, bytes):
            body = b"" if request.method == "HEAD" else response.body
            self._wire.write(head(response, len(response.body), keep) + body)
            if self._room:
                await self._room
        elif isinstance(response.body, FileContent):
            await self._send_file(response, response.body, keep)
        else:
            await self._send_stream(response, request.old, keep)

    async def _send_file(self, response: Response, content: FileContent, keep: bool) -> None:
        with open(content.path, "rb") as file:
            left = file.seek(0, 2)
            file.seek(0)
            self._wire.write(head(response, left, keep))
            while left:
                piece = file.read(min(left, _PIECE))
                if not piece:
                    raise OSError("{} became shorter while it was sent".format(content.path))
                left -= len(piece)
                await self._write(piece)

    async def _send_stream(self, response: Response, old: bool, keep: bool) -> None:
        if old:
            self._is_last = True
        self._wire.write(head(response, -2 if old else -1, keep and not old))
        async for piece in response.body:  # type: ignore[union-attr]
            await self._write(piece if old else b"%x\r\n%b\r\n" % (len(piece), piece))
        if not old:
            self._wire.write(b"0\r\n\r\n")

    async def _write(self, piece: bytes) -> None:
        self._wire.write(piece)
        if self._room:
            await self._room

    def _clear(self) -> None:
        if self._body:
            self._body.close()
        if self._errand:
            self._errand.close()
        self._body = self._errand = self._endpoint = None

    def _next(self) -> None:
        """Go on with what the client sent meanwhile."""
        self._since = self._loop.time()
        self._wire.resume_reading()
        if self._buffer:
            self._loop.call_soon(self._read_more)

    def _read_more(self) -> None:
        if self._work is None and not self._is_deaf:
            self._read()
