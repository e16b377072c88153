"""The way in for a browser where a token is needed: the token once, then a cookie (modelserver.http.session)."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

from werkzeug.wrappers import Request, Response

from modelserver.errors import Forbidden
from modelserver.http import session
from modelserver.http.body import text
from modelserver.http.origin import from_elsewhere
from modelserver.http.tokens import is_token
from modelserver.pages.frame import page, relative
from modelserver.services import Services

# Only into this server: no scheme, no host, nothing that a browser could read as one.
_INSIDE = re.compile(r"/v1/[A-Za-z0-9/_.~%-]*(?:\?[A-Za-z0-9=&/_.~%+-]*)?", re.ASCII)
_HOME = "/v1/packages/"


def form(request: Request, services: Services) -> Response:
    """The form in which a browser sends the token, once."""
    return sign_in_page(request, status=200)


def enter(request: Request, services: Services) -> Response:
    """Signs a browser in: `token=` as a form, then a cookie for 12 hours.

    The cookie is `HttpOnly` and `SameSite=Strict`, and what changes something counts only from a page of this server.
    """
    _require_own_form(request)
    settings, given = services.settings, dict(parse_qsl(text(request).decode(errors="replace")))
    token = given.get("token", "").strip()
    if settings.token and not (is_token(token, settings.token) or is_token(token, settings.read_token)):
        return sign_in_page(request, "This is not the token of this server.", target=given.get("next", ""))
    answer = _to(request, given.get("next", ""))
    if settings.token:
        session.sign_in(request, answer, settings, token)
    return answer


def leave(request: Request, services: Services) -> Response:
    """Signs a browser out."""
    _require_own_form(request)
    answer = _to(request, _HOME)
    session.sign_out(request, answer, services.settings)
    return answer


def sign_in_page(request: Request, wrong: str = "", status: int = 401, target: str = "") -> Response:
    """wrong: what was wrong with the last try. target: where to go then; by default to what was asked for."""
    asked = request.full_path.rstrip("?") if request.method == "GET" and "sign-in" not in request.path else _HOME
    return page(request, "sign_in.html", status=status, wrong=wrong, target=_inside(target or asked))


def _to(request: Request, target: str) -> Response:
    return Response(status=303, headers={"Location": relative(request)(_inside(target))})


def _inside(target: str) -> str:
    return target if _INSIDE.fullmatch(target) else _HOME


def _require_own_form(request: Request) -> None:
    """Raises Forbidden."""
    if from_elsewhere(request):
        raise Forbidden("The form did not come from a page of this server. Open it anew and try again.")
