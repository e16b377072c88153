"""Answers that are not what was asked for, as failures: the server's own problems, and what strangers answer."""

from __future__ import annotations

import json
from typing import Any

import httpx

from modelserver_cli.address import Address
from modelserver_cli.exits import Exit
from modelserver_cli.failure import Failure
from modelserver_cli.token import VARIABLE
from modelserver_cli.words import line

_STATUSES = {401: Exit.NO_ACCESS, 403: Exit.NO_ACCESS, 404: Exit.NOT_FOUND, 422: Exit.REFUSED, 504: Exit.NO_SERVER}
_CODES = {"NOT_FOUND": Exit.NO_SERVER, "METHOD_NOT_ALLOWED": Exit.NO_SERVER}
_ONE_URL = (
    "this command needs every route at one URL: on Google Cloud that is the function `api` (infra: one_url = true)"
)
_MOST = 200


def refusal(answer: httpx.Response, address: Address) -> Failure:
    """What an answer that is no success means. Its body has been read."""
    document = problem_in(answer)
    return refused(document) if document else _strange(answer, address)


def refused(document: dict[str, Any]) -> Failure:
    """A problem of the server's own."""
    code, status = document["code"], document.get("status", 500)
    exit_status = _CODES.get(code) or _STATUSES.get(status) or (Exit.NO_SERVER if status >= 500 else Exit.DECLINED)
    if status == 507:
        exit_status = Exit.DECLINED
    message = document.get("detail") or document.get("title") or code
    return Failure(exit_status, str(message), _hint(exit_status, code), document=document)


def problem_in(answer: httpx.Response) -> dict[str, Any]:
    """The problem document that the answer is; {} if it is none of this server's."""
    if answer.headers.get("Content-Type", "").partition(";")[0] != "application/problem+json":
        return {}
    try:
        found = json.loads(answer.content)
    except ValueError:
        return {}
    return found if isinstance(found, dict) and isinstance(found.get("code"), str) else {}


def not_ours(answer: httpx.Response, address: Address) -> Failure:
    """A success that is not in this server's words."""
    kind = answer.headers.get("Content-Type", "no type")
    return Failure(
        Exit.NO_SERVER,
        f"{address} is no modelserver: {answer.request.url.path} answers {answer.status_code} with {line(kind)}.",
        "set the server's address with --url or MODELSERVER_URL",
    )


def unreachable(error: httpx.HTTPError, address: Address) -> Failure:
    """Nobody answers, or not to the end."""
    if isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        hint = "start one with `make serve`, or say where it is with --url or MODELSERVER_URL"
        return Failure(Exit.NO_SERVER, f"No server answers at {address}: {_reason(error)}.", hint)
    return Failure(Exit.NO_SERVER, f"{address} broke off: {_reason(error)}.", "try again")


def _reason(error: httpx.HTTPError) -> str:
    return line(str(error)) or type(error).__name__


def _strange(answer: httpx.Response, address: Address) -> Failure:
    status = answer.status_code
    if status in (401, 403):  # Google itself refuses who is not an invoker, with a page
        message = f"{address} lets nobody in without the right token ({status} {answer.reason_phrase})."
        return Failure(Exit.NO_ACCESS, message, f"set {VARIABLE}, or ask its owner for the right to call it")
    if answer.has_redirect_location:
        to = line(answer.headers["Location"])[:_MOST]
        return Failure(Exit.NO_SERVER, f"{address} sends its callers to {to}.", "call that address: --url")
    if status >= 500 or status == 429:
        said = line(answer.text)[:_MOST]
        message = f"{address} fails: {status} {answer.reason_phrase}. {said}".strip()
        return Failure(Exit.NO_SERVER, message, "try again")
    return not_ours(answer, address)


def _hint(exit_status: Exit, code: str) -> str:
    if exit_status is Exit.NO_ACCESS:
        return f"set {VARIABLE} to the server's token"
    return _ONE_URL if code in _CODES else ""
