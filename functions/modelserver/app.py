"""The whole HTTP surface on one screen, and the one place where errors become answers."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import cast

from werkzeug.exceptions import HTTPException, InternalServerError
from werkzeug.exceptions import MethodNotAllowed as WrongMethod
from werkzeug.exceptions import NotFound as Nowhere
from werkzeug.routing import Map, Rule
from werkzeug.utils import import_string
from werkzeug.wrappers import Request, Response

from modelserver.errors import BadRequest, MethodNotAllowed, NotFound, PackageNotFound, Problem, problem_of
from modelserver.http.answers import problem_answer
from modelserver.http.leftover import then_discarded
from modelserver.http.negotiation import prefers_page
from modelserver.http.tokens import authorize
from modelserver.package import PackageID
from modelserver.services import Services

Route = tuple[str, str, str]
Endpoint = Callable[..., Response]
Explain = Callable[[Request, Problem], Response]

# Method, path, and the endpoint by module and name: a server imports the modules of what it is asked for.
ROUTES: tuple[Route, ...] = (
    ("GET", "/v1/packages/upload", "uploads.doors"),
    ("POST", "/v1/packages/upload", "uploads.upload"),
    ("POST", "/v1/packages/uploads", "uploads.begin"),
    ("POST", "/v1/packages/check", "uploads.check"),
    ("GET", "/v1/packages/<package_id>", "endpoints.get"),
    ("GET", "/v1/packages/<package_id>.zip", "endpoints.download"),
    ("GET", "/v1/packages/<package_id>/log", "endpoints.log"),
    ("GET", "/v1/packages/<package_id>/files/<path:path>", "endpoints.file"),
    ("POST", "/v1/packages/<package_id>/infer", "inference.infer"),
    ("GET", "/v1/packages/<package_id>/diff/<other>", "comparison.endpoint.diff"),
    ("GET", "/v1/packages/<package_id>/badge.svg", "models.package_badge"),
    ("GET", "/v1/packages/", "endpoints.list_packages"),
    ("DELETE", "/v1/packages/<package_id>", "endpoints.delete"),
    ("GET", "/v1/models/<path:name>", "models.newest"),
    ("GET", "/v1/models/<path:name>/badge.svg", "models.badge"),
    ("GET", "/v1/health", "endpoints.health"),
    ("GET", "/v1/openapi.json", "openapi.endpoint.describe"),
)
# What only browsers need, beside the pages at the addresses above.
BROWSER_ROUTES: tuple[Route, ...] = (
    ("GET", "/", "pages.listing.lead"),
    ("GET", "/v1/assets/<name>", "pages.assets.asset"),
    ("GET", "/v1/sign-in", "pages.sign_in.form"),
    ("POST", "/v1/sign-in", "pages.sign_in.enter"),
    ("POST", "/v1/sign-out", "pages.sign_in.leave"),
)
# What answers instead when a browser asks, and the whole surface is at one URL: pages lead from one route to another.
_PAGES = {
    "endpoints.list_packages": "pages.listing.show",
    "endpoints.get": "pages.package_page.show",
    "endpoints.file": "pages.file_page.show",
    "endpoints.log": "pages.log_page.show",
    "comparison.endpoint.diff": "pages.diff_page.show",
    "uploads.doors": "pages.upload_page.show",
    "uploads.upload": "pages.upload_page.receive",
}
# Whoever may talk to the server may ask for these, without a token.
OPEN = (
    "endpoints.health",
    "openapi.endpoint.describe",
    "pages.assets.asset",
    "pages.sign_in.form",
    "pages.sign_in.enter",
    "pages.sign_in.leave",
)
_REFUSAL = 400
# A stranger's log or zip is never a page, a script or a part of one.
_GUARDING = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'; sandbox",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Frame-Options": "DENY",
}

_MAP = Map(
    [Rule(path, endpoint=endpoint, methods=[method]) for method, path, endpoint in (*ROUTES, *BROWSER_ROUTES)],
    strict_slashes=False,
    merge_slashes=False,
)


@dataclass(frozen=True)
class Surface:
    """The part of ROUTES that a server answers; the whole unless `endpoints` names some.

    root: for a function with a URL of its own, what `/` means there; its other paths stand under /v1/packages too.
    """

    endpoints: tuple[str, ...] = ()
    root: str = ""

    def path(self, request: Request) -> str:
        if not self.root or request.path.startswith("/v1/"):
            return request.path
        return self.root if request.path == "/" else f"/v1/packages{request.path}"

    def has(self, endpoint: str) -> bool:
        return not self.endpoints or endpoint in self.endpoints

    def shows_pages(self, request: Request) -> bool:
        return not self.endpoints and prefers_page(request)


WHOLE = Surface()


def handle(request: Request, services: Callable[[], Services], surface: Surface = WHOLE) -> Response:
    """Dispatches. services: asked for inside the boundary, so that a wrong setting is an answer too."""
    explain = _page_of if surface.shows_pages(request) else _document_of
    return answered(request, lambda: _dispatch(request, services(), surface), explain)


def answered(request: Request, work: Callable[[], Response], explain: Explain | None = None) -> Response:
    """The boundary: whatever is raised becomes problem+json, or what `explain` makes of it.

    Whoever still sends when the answer is there is let finish, so that the answer is heard.
    """
    answer = _answer(request, work, explain or _document_of)
    if answer.is_streamed and answer.status_code >= _REFUSAL:
        answer.response = then_discarded(answer.iter_encoded(), request)
    return answer


def _answer(request: Request, work: Callable[[], Response], explain: Explain) -> Response:
    try:
        return _guarded(work())
    except Exception as error:
        return _guarded(explain(request, _problem(request, error)))


def _problem(request: Request, error: Exception) -> Problem:
    """What is wrong, for whoever asked; what is only our fault is logged, and told without detail."""
    if isinstance(error, HTTPException):
        return BadRequest(error.description or "")
    return problem_of(error, f"{request.method!r} {request.path!r}")


def _document_of(request: Request, problem: Problem) -> Response:
    return problem_answer(problem)


def _page_of(request: Request, problem: Problem) -> Response:
    """A page that cannot be made is no reason to say nothing."""
    from modelserver.pages.problem_page import problem_page

    try:
        return problem_page(request, problem)
    except Exception:
        logging.exception("the page of a %s could not be made", problem.code)
        return problem_answer(problem)


def problem_answered(problem: Problem) -> Response:
    """A problem as every server of this project answers it."""
    return _guarded(problem_answer(problem))


def stand_in_for(errorhandler: Callable[[type[Exception]], Callable[..., object]]) -> None:
    """Has functions-framework, whose errorhandler this is, answer with problems in the place of its own pages.

    It keeps some requests to itself: /robots.txt, an event that is none, and what a function of events raises.
    """
    for kind in (HTTPException, InternalServerError):  # it has a page apart for the second
        errorhandler(kind)(_refused)


def _refused(error: HTTPException) -> Response:
    return problem_answered(_refusal(error))


def _refusal(error: HTTPException) -> Problem:
    if isinstance(error, InternalServerError):
        cause = error.original_exception
        return cause if isinstance(cause, Problem) else Problem()
    if isinstance(error, WrongMethod):
        return _wrong_method(error)
    if isinstance(error, Nowhere):
        return NotFound("Nothing of this server's is here. See GET /v1/packages/.")
    return BadRequest("The framework that this server runs in cannot read this request.")


def _guarded(answer: Response) -> Response:
    """A page has a policy of its own, and no other answer has."""
    for name, value in _GUARDING.items():
        answer.headers.setdefault(name, value)
    answer.vary.add("Accept")
    return answer


def _dispatch(request: Request, services: Services, surface: Surface) -> Response:
    name, values = _match(request, surface)
    if name not in OPEN:
        authorize(request, services.settings)
    if surface.shows_pages(request):
        name = _PAGES.get(name, name)
    endpoint: Endpoint = import_string(f"modelserver.{name}")
    if "package_id" in values:
        values["package_id"] = _package_id(values["package_id"])
    return endpoint(request, services, **values)


def _package_id(text: str) -> PackageID:
    package_id = PackageID.parse(text)
    if package_id is None:
        raise PackageNotFound("An ID has 40 characters, each 0 to 9 or a to f.")
    return package_id


def _match(request: Request, surface: Surface) -> tuple[str, dict[str, str]]:
    path = surface.path(request)
    try:
        name, values = _MAP.bind_to_environ(request.environ).match(path)
    except WrongMethod as error:
        raise _wrong_method(error) from None
    except HTTPException:
        raise NotFound(f"{path} is no address of this server. See GET /v1/packages/.") from None
    if not surface.has(name):
        raise NotFound(f"{request.method} {path} is another function's, with a URL of its own.")
    return cast(str, name), dict(values)


def _wrong_method(error: WrongMethod) -> MethodNotAllowed:
    allowed = ", ".join(sorted(error.valid_methods or ()))
    return MethodNotAllowed(f"Here only: {allowed}.", headers={"Allow": allowed})
