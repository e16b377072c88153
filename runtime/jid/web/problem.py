"""Every way a request can end badly: one table of code, HTTP status and title, in RFC 9457's form."""

from typing import Any, Dict, List, NamedTuple, Optional

from jid import failure
from jid.encoding import json_bytes
from jid.failure import Failure
from jid.typed.check import InputInvalid
from jid.web.response import Response

BAD_REQUEST = "BAD_REQUEST"
NOT_FOUND = "NOT_FOUND"
METHOD_NOT_ALLOWED = "METHOD_NOT_ALLOWED"
REQUEST_TIMED_OUT = "REQUEST_TIMED_OUT"
TOO_LARGE = "TOO_LARGE"
UNSUPPORTED_MEDIA_TYPE = "UNSUPPORTED_MEDIA_TYPE"
HEAD_TOO_LARGE = "HEAD_TOO_LARGE"
CONFLICT = "CONFLICT"
NOT_IMPLEMENTED = "NOT_IMPLEMENTED"
STARTING = "STARTING"
HTTP_VERSION = "HTTP_VERSION"


class Kind(NamedTuple):
    """The HTTP status of a code, and what it means in a few words."""

    status: int
    title: str


KINDS = {
    BAD_REQUEST: Kind(400, "The request cannot be understood"),
    NOT_FOUND: Kind(404, "There is nothing here"),
    METHOD_NOT_ALLOWED: Kind(405, "This method is not for this address"),
    REQUEST_TIMED_OUT: Kind(408, "The request did not arrive in time"),
    CONFLICT: Kind(409, "Another prediction has this ID"),
    TOO_LARGE: Kind(413, "The request is too large"),
    UNSUPPORTED_MEDIA_TYPE: Kind(415, "This kind of body is not taken here"),
    failure.INPUT_INVALID: Kind(422, "The input does not fit the model"),
    HEAD_TOO_LARGE: Kind(431, "The request's head is too large"),
    failure.INTERNAL: Kind(500, "Something went wrong in the server"),
    failure.QUEUE_FULL: Kind(429, "Too many requests wait already"),
    failure.RUN_FAILED: Kind(500, "The model raised an error"),
    failure.MODEL_DIED: Kind(500, "The model's process died"),
    NOT_IMPLEMENTED: Kind(501, "The server cannot do this"),
    STARTING: Kind(503, "The model is still being loaded"),
    failure.STOPPING: Kind(503, "The server is stopping"),
    failure.MODEL_NOT_FOUND: Kind(503, "The model's class is not there"),
    failure.IMPORT_FAILED: Kind(503, "The model's file cannot be imported"),
    failure.SIGNATURE_UNSUPPORTED: Kind(503, "The model's run() cannot be described"),
    failure.SETUP_FAILED: Kind(503, "The model cannot be set up"),
    failure.CANCELLED: Kind(503, "The run was cancelled"),
    failure.READER_TOO_SLOW: Kind(503, "The answer was read too slowly"),
    failure.TIMED_OUT: Kind(504, "The model took too long"),
    HTTP_VERSION: Kind(505, "The server speaks HTTP/1.0 and HTTP/1.1"),
}


class Problem(Exception):
    """A refusal. `errors` names what is wrong inside of the body; `headers` are sent with the answer."""

    def __init__(
        self,
        code: str,
        detail: str = "",
        errors: Optional[List[Dict[str, str]]] = None,
        headers: Optional[Dict[str, str]] = None,
    ) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.errors = errors or []
        self.headers = headers or {}

    def json(self) -> Dict[str, Any]:
        """The problem document."""
        kind = KINDS[self.code]
        document: Dict[str, Any] = {
            "type": "urn:jid:problem:" + self.code.lower().replace("_", "-"),
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail,
            "code": self.code,
        }
        return dict(document, errors=self.errors) if self.errors else document

    def response(self) -> Response:
        """As application/problem+json."""
        body = json_bytes(self.json()) + b"\n"
        return Response(KINDS[self.code].status, "application/problem+json", body, self.headers)


def of_failure(raised: Failure) -> Problem:
    """What a caller sees of a failure of the model."""
    errors = [{"pointer": raised.pointer, "code": "INVALID", "detail": raised.detail}] if raised.pointer else None
    headers = {"Retry-After": str(raised.retry_after)} if raised.retry_after else None
    code = raised.code if raised.code in KINDS else failure.INTERNAL
    return Problem(code, raised.detail, errors, headers)


def of_input(invalid: InputInvalid, below: str = "") -> Problem:
    """Every wrong input by its JSON pointer; below: where the inputs stand in the body."""
    errors = [
        {"pointer": below + wrong.pointer, "code": wrong.code, "detail": wrong.detail} for wrong in invalid.wrongs
    ]
    detail = "; ".join("{} {}".format(wrong.pointer.lstrip("/"), wrong.detail) for wrong in invalid.wrongs[:5])
    return Problem(failure.INPUT_INVALID, detail, errors)
