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

from modelserver.errors import BadRequest, MethodNotAllowed, NotFound, PackageNotFound, Problem, no_space
from modelserver.http.answers import problem_answer
from modelserver.http.leftover import then_discarded
from modelserver.http.tokens import authorize
from modelserver.package import PackageID
from modelserver.services import Services

Route = tuple[str, str, str]
Endpoint = Callable[..., Response]

# Method, path, and the endpoint by module and name: a server imports the modules of what it is asked for.
ROUTES: tuple[Route, ...] = (
    ("POST", "/v1/packages/upload", "uploads.upload"),
    ("POST", "/v1/packages/uploads", "uploads.begin"),
    ("POST", "/v1/packages/check", "uploads.check"),
    ("GET", "/v1/packages/<package_id>", "endpoints.get"),
    ("GET", "/v1/packages/<package_id>.zip", "endpoints.download"),
    ("GET", "/v1/packages/<package_id>/log", "endpoints.log"),
    ("GET", "/v1/packages/", "endpoints.list_packages"),
    ("DELETE", "/v1/packages/<package_id>", "endpoints.delete"),
    ("GET", "/v1/health", "endpoints.health"),
    ("GET", "/v1/openapi.json", "openapi.endpoint.describe"),
)
# Whoever may talk to the server may ask for these, without a token.
OPEN = ("endpoints.health", "openapi.endpoint.describe")
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
    [Rule(path, endpoint=endpoint, methods=[method]) for method, path, endpoint in ROUTES],
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


WHOLE = Surface()


def handle(request: Request, services: Callable[[], Services], surface: Surface = WHOLE) -> Response:
    """Dispatches. services: asked for inside the boundary, so that a wrong setting is an answer too."""
    return answered(request, lambda: _dispatch(request, services(), surface))


def answered(request: Request, work: Callable[[], Response]) -> Response:
    """The boundary: whatever is raised becomes problem+json; what is only our fault is logged, and 500.

    Whoever still sends when the answer is there is let finish, so that the answer is heard.
    """
    answer = _answer(request, work)
    if answer.is_streamed and answer.status_code >= _REFUSAL:
        answer.response = then_discarded(answer.iter_encoded(), request)
    return answer


def _answer(request: Request, work: Callable[[], Response]) -> Response:
    try:
        return _guarded(work())
    except Problem as problem:
        return problem_answered(problem)
    except HTTPException as error:
        return problem_answered(BadRequest(error.description or ""))
    except Exception as error:
        if full := no_space(error):
            return problem_answered(full)
        logging.exception("%r %r broke", request.method, request.path)
        return problem_answered(Problem())


def problem_answered(problem: Problem) -> Response:
    """A problem as every server of this project answers it."""
    return _guarded(problem_answer(problem))


def refused(error: HTTPException) -> Response:
    """For functions-framework, which keeps some requests to itself: its own page about one becomes a problem.

    Such as /robots.txt, an event that is none, and whatever a function of events raises.
    """
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
    answer.headers.update(_GUARDING)
    return answer


def _dispatch(request: Request, services: Services, surface: Surface) -> Response:
    name, values = _match(request, surface)
    if name not in OPEN:
        authorize(request, services.settings)
    endpoint: Endpoint = import_string(f"modelserver.{name}")
    text = values.get("package_id")
    if text is None:
        return endpoint(request, services)
    package_id = PackageID.parse(text)
    if package_id is None:
        raise PackageNotFound("An ID has 40 characters, each 0 to 9 or a to f.")
    return endpoint(request, services, package_id)


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
