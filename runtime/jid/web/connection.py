"""One connection of HTTP/1.1: requests in one after another, their answers out in the same order."""

import asyncio
import sys
import traceback
from typing import NamedTuple, Optional, Set

from jid.failure import INTERNAL, QUEUE_FULL, STOPPING, Failure
from jid.web.body import Body, body_for
from jid.web.errand import Errand
from jid.web.framing import Framing
from jid.web.memory import Memory
from jid.web.problem import HEAD_TOO_LARGE, REQUEST_TIMED_OUT, Problem, of_failure
from jid.web.request import Request, parse
from jid.web.response import Response, head
from jid.web.routes import Found, Table, find
from jid.web.sending import Wire
from jid.web.service import Service

_HEAD = 32768  # bytes of a request's head
_AHEAD = 65536  # bytes that a client may send ahead while its last request is worked on
_SLOWEST = 1024  # bytes of a body that must arrive in a second, after the first moments
_LINGER = 2.0  # seconds in which a client that was refused early may read the answer


class Site(NamedTuple):
    """What all connections share. `open` holds those that are there now, at most `most`."""

    service: Service
    table: Table
    temporary: str
    memory: Memory
    most: int
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
        self._found: Optional[Found] = None
        self._work: "Optional[asyncio.Task[None]]" = None
        self._is_deaf = False  # whatever else arrives is ignored
        self._is_last = False  # the next answer closes the connection
        self._since = self._loop.time()  # when the request under way began, or the last one ended
        self._received = 0  # bytes of the body so far
        self._wire: Wire = None  # type: ignore[assignment]  # before connection_made

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._wire = Wire(transport)  # type: ignore[arg-type]  # a socket's transport reads and writes
        self._site.open.add(self)
        if len(self._site.open) > self._site.most:
            detail = "{} clients are connected already".format(self._site.most)
            self._refuse(Problem(QUEUE_FULL, detail, headers={"Retry-After": "1"}))

    def connection_lost(self, error: Optional[Exception]) -> None:
        self._site.open.discard(self)
        self._wire.lost()
        if self._work:
            self._work.cancel()
        else:
            self._clear()

    def pause_writing(self) -> None:
        self._wire.pause()

    def resume_writing(self) -> None:
        self._wire.resume()

    def data_received(self, data: bytes) -> None:
        if self._is_deaf:
            return
        if not self._buffer and self._body is None and self._work is None:
            self._since = self._loop.time()
        self._buffer += data
        if self._work is None:
            self._read()
        elif len(self._buffer) > _AHEAD:
            self._wire.transport.pause_reading()

    def finish(self) -> None:
        """Close now, or after the answer that is being made."""
        self._is_last = True
        if self._work is None:
            self._wire.transport.close()

    def stop(self) -> None:
        """Close now, whatever is under way."""
        self._wire.transport.abort()

    def give_up(self, silence: float) -> None:
        """Close if the client has sent or read too little for so many seconds."""
        now = self._loop.time()
        if self._work:
            if self._wire.is_stuck(silence, now):
                self._wire.transport.abort()
        elif not self._is_deaf and now > self._since + silence + self._received / _SLOWEST:
            if self._buffer or self._body:
                self._refuse(Problem(REQUEST_TIMED_OUT, "the rest of the request did not come in time"))
            else:
                self._wire.transport.close()

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
        self._open(self._errand, request)
        return True

    def _open(self, errand: Errand, request: Request) -> None:
        """Decide by the head alone whether the body is wanted."""
        self._framing = Framing(request.length)
        if self._is_last:
            detail = "the server was told to stop; ask another, or again later"
            raise Problem(STOPPING, detail, headers={"Retry-After": "1"})
        self._found = find(self._site.table, request.method, request.path)
        errand.name = self._found.name
        self._body = body_for(errand, self._site.service.config.settings, self._site.memory)
        if "expect" in request.headers and not self._buffer:
            if "100-continue" in request.headers["expect"].lower():
                self._wire.write(b"HTTP/1.1 100 Continue\r\n\r\n")

    def _read_body(self) -> None:
        assert self._body is not None
        if not self._framing.done:
            taken = self._framing.take(self._buffer)
            self._received += len(taken)
            self._body.feed(taken)
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
        self._count(response.status)
        self._clear()
        if keep:
            self._next()
            return
        self._is_deaf = True
        self._buffer.clear()
        if self._wire.transport.can_write_eof():
            self._wire.transport.write_eof()
        self._loop.call_later(_LINGER, self._wire.transport.close)

    async def _answer(self) -> None:
        """Make and send one answer, and clear away what it needed."""
        assert self._errand is not None
        keep = False
        request = self._errand.request
        try:
            response = await self._response()
            keep = request.keep and not self._is_last
            keep = await self._wire.send(response, request, keep)
            self._count(response.status)
        except asyncio.CancelledError:
            raise  # until Python 3.7 it is an Exception
        except ConnectionError:  # the client is gone
            keep = False
            self._wire.transport.abort()
        except Failure:
            keep = False  # of a stream; the connection that breaks off says so
            self._wire.transport.abort()
        except Exception:
            keep = False
            traceback.print_exc(file=sys.stderr)
            self._wire.transport.abort()
        finally:
            self._work = None
            self._clear()
        if keep and not self._is_last:
            self._next()
        else:
            self._wire.transport.close()

    async def _response(self) -> Response:
        assert self._found is not None and self._errand is not None and self._body is not None
        try:
            return await self._found.endpoint(self._site.service, self._errand, self._body)
        except Failure as failure:
            return of_failure(failure).response()
        except Problem as problem:
            return problem.response()
        except asyncio.CancelledError:
            raise
        except Exception:
            traceback.print_exc(file=sys.stderr)
            return Problem(INTERNAL).response()

    def _count(self, status: int) -> None:
        route = self._found.route if self._found else "none"
        self._site.service.keeper.tally.answered(route, status, self._loop.time() - self._since)

    def _clear(self) -> None:
        if self._body:
            self._body.close()
        if self._errand:
            self._errand.close()
        self._body = self._errand = self._found = None
        self._received = 0

    def _next(self) -> None:
        """Go on with what the client sent meanwhile."""
        self._since = self._loop.time()
        self._wire.transport.resume_reading()
        if self._buffer:
            self._loop.call_soon(self._read_more)

    def _read_more(self) -> None:
        if self._work is None and not self._is_deaf:
            self._read()
