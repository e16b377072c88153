"""What a call to Google may end in, in this program's words."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from google.api_core import exceptions
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError

from modelserver.errors import Misconfigured, Unavailable

_ANSWERS = (exceptions.NotFound, exceptions.AlreadyExists, exceptions.PreconditionFailed, exceptions.FailedPrecondition)
_FAILURES = (exceptions.GoogleAPIError, GoogleAuthError, OSError)
_REFUSALS = (exceptions.Unauthorized, exceptions.Forbidden)


@contextmanager
def calling(service: str, *further: type[Exception]) -> Iterator[None]:
    """Turns what Google, or the way to it, raises into Unavailable or Misconfigured.

    NotFound, AlreadyExists and failed preconditions pass: they are answers. further: what else the SDK in use
    raises. The causes are dropped on purpose: their texts hold session URIs and signed URLs, which are secrets.
    """
    try:
        yield
    except _ANSWERS:
        raise
    except _REFUSALS as error:
        detail = f"{service} refuses this server ({_kind(error)}): its service account lacks a right."
        raise Misconfigured(detail) from None
    except DefaultCredentialsError:
        raise Misconfigured(
            f"{service} needs credentials and none are found: run where a service account is attached, "
            "or set GOOGLE_APPLICATION_CREDENTIALS."
        ) from None
    except _FAILURES + further as error:
        raise Unavailable(f"{service} does not answer ({_kind(error)}). Try again in a moment.") from None


def _kind(error: Exception) -> str:
    code = getattr(error, "code", None)
    return f"{type(error).__name__} {int(code)}" if isinstance(code, int) else type(error).__name__
