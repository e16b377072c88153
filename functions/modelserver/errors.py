"""Every way a request can end badly: one table of class, code, HTTP status and title.

A Problem is what a user sees, as RFC 9457 problem+json. Anything else that is raised is our own
fault, is logged with its traceback and answered as INTERNAL without detail.
"""

from __future__ import annotations

import errno
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import ClassVar

from modelserver.jsontypes import JSON


@dataclass(frozen=True)
class Fault:
    """One thing that is wrong inside a package.

    pointer: where, as a JSON pointer into jid.yaml ("/environment/cuda") or a path in the zip ("src/a.py").
    line: 1-based line of jid.yaml, or None where there is none.
    code: UPPER_SNAKE; detail: what is wrong; hint: what to change.
    """

    pointer: str
    code: str
    detail: str
    hint: str = ""
    line: int | None = None

    def to_json(self) -> dict[str, JSON]:
        return {
            "pointer": self.pointer,
            "line": self.line,
            "code": self.code,
            "detail": self.detail,
            "hint": self.hint,
        }


class Problem(Exception):
    """A refusal with a reason. `more` are further members of the problem document (RFC 9457, 3.2)."""

    code: ClassVar[str] = "INTERNAL"
    status: ClassVar[int] = 500
    title: ClassVar[str] = "Something went wrong in the server"

    def __init__(
        self,
        detail: str = "",
        *,
        faults: Iterable[Fault] = (),
        headers: Mapping[str, str] | None = None,
        more: Mapping[str, JSON] | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail
        self.faults = tuple(faults)
        self.headers = dict(headers or {})
        self.more = dict(more or {})

    def to_json(self) -> dict[str, JSON]:
        body: dict[str, JSON] = {
            "type": f"urn:modelserver:problem:{self.code.lower().replace('_', '-')}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "code": self.code,
        }
        if self.faults:
            body["errors"] = [fault.to_json() for fault in self.faults]
        return body | self.more


class Misconfigured(Problem):
    code, status, title = "MISCONFIGURED", 500, "A setting of this server is missing or wrong"


class BadRequest(Problem):
    code, status, title = "BAD_REQUEST", 400, "The request cannot be understood"


class NoFile(Problem):
    code, status, title = "NO_FILE", 400, "The request carries no package"


class Unauthorized(Problem):
    code, status, title = "UNAUTHORIZED", 401, "A token is needed"


class Forbidden(Problem):
    code, status, title = "FORBIDDEN", 403, "This is not for whoever asks"


class NotFound(Problem):
    code, status, title = "NOT_FOUND", 404, "There is nothing here"


class PackageNotFound(Problem):
    code, status, title = "PACKAGE_NOT_FOUND", 404, "No package has this ID"


class ModelNotFound(Problem):
    code, status, title = "MODEL_NOT_FOUND", 404, "No package that is ready has this name"


class MethodNotAllowed(Problem):
    code, status, title = "METHOD_NOT_ALLOWED", 405, "This method is not for this address"


class Conflict(Problem):
    code, status, title = "CONFLICT", 409, "Something else changed this package meanwhile"


class NotReady(Problem):
    code, status, title = "NOT_READY", 409, "The package cannot be run"


class TooLarge(Problem):
    code, status, title = "TOO_LARGE", 413, "The package is too large for this door"


class UnsupportedMediaType(Problem):
    code, status, title = "UNSUPPORTED_MEDIA_TYPE", 415, "This kind of body is not taken here"


class RangeNotSatisfiable(Problem):
    code, status, title = "RANGE_NOT_SATISFIABLE", 416, "The zip has no such bytes"


class InvalidPackage(Problem):
    code, status, title = "INVALID_PACKAGE", 422, "The package is not valid"


class BuildFailed(Problem):
    code, status, title = "BUILD_FAILED", 422, "The build failed"


class TestFailed(Problem):
    __test__ = False  # no test class, whatever its name makes pytest think
    code, status, title = "TEST_FAILED", 422, "The model did not pass its test"


class BuildTimedOut(Problem):
    code, status, title = "BUILD_TIMED_OUT", 422, "The build took too long"


class BuildCancelled(Problem):
    code, status, title = "BUILD_CANCELLED", 422, "The build was cancelled"


class NoAnswer(Problem):
    code, status, title = "NO_ANSWER", 502, "The model gave no proper answer"


class Unavailable(Problem):
    code, status, title = "UNAVAILABLE", 503, "Something the server needs does not answer"


class NoSpace(Problem):
    code, status, title = "NO_SPACE", 507, "The server has no room for this package"


def problem_of(error: Exception, what: str) -> Problem:
    """What users see of anything that was raised. what: broke, for the log, if it is our own fault."""
    if isinstance(error, Problem):
        return error
    if full := no_space(error):
        return full
    logging.error("%s broke", what, exc_info=error)
    return Problem()


def no_space(error: Exception) -> NoSpace | None:
    """NoSpace if that is what an error of the operating system means."""
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return NoSpace("The disk is full. Delete packages, or give the server another --data folder.")
    return None
