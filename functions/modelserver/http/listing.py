"""The list that a request asks for."""

from __future__ import annotations

from typing import get_args
from urllib.parse import urlencode

from werkzeug.wrappers import Request

from modelserver.config import Architecture
from modelserver.errors import BadRequest
from modelserver.package import Status
from modelserver.ports import Page, Query
from modelserver.search import Wanted, search
from modelserver.services import Services

MOST = 1000


def listed(request: Request, services: Services, status: str = "ready") -> Page:
    """status: which packages, if the request does not say. Raises BadRequest."""
    query = _query(request, status)
    wanted = Wanted(request.args.get("search", ""), _one_of(request, "architecture", get_args(Architecture)))
    try:
        return search(services.catalog.list, query, wanted)
    except ValueError:
        raise BadRequest("page_token is not one that this server gave. Start again without it.") from None


def further(request: Request, page: Page) -> str:
    """Where the next page is: what was asked for, from there on. "" on the last one."""
    return "?" + urlencode({**request.args.to_dict(), "page_token": page.next}) if page.next else ""


def _query(request: Request, status: str) -> Query:
    status = _one_of(request, "status", (*get_args(Status), "any")) or status
    limit = request.args.get("limit", "100")
    if not (limit.isascii() and limit.isdigit() and len(limit) <= len(str(MOST)) and 1 <= int(limit) <= MOST):
        raise BadRequest(f"limit={limit!r}: say a number from 1 to {MOST}.")
    return Query(
        status=None if status == "any" else status,  # type: ignore[arg-type]
        name=request.args.get("name", ""),
        limit=int(limit),
        after=request.args.get("page_token", ""),
    )


def _one_of(request: Request, name: str, choices: tuple[str, ...]) -> str:
    """What the request says, or "". An empty field of a form says nothing."""
    said = request.args.get(name, "")
    if said and said not in choices:
        raise BadRequest(f"{name}={said!r}: say {', '.join(choices[:-1])} or {choices[-1]}.")
    return said
