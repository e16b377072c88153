"""The way in for people: a form that any browser can send, with a progress bar where scripts run."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from modelserver.pages.frame import origin, page, relative
from modelserver.pages.snippets import upload_lines
from modelserver.services import Services
from modelserver.uploads import taken_in


def show(request: Request, services: Services) -> Response:
    lines = upload_lines(origin(request), bool(services.settings.token))
    return page(request, "upload.html", services, settings=services.settings, lines=lines, twin="/v1/packages/upload")


def receive(request: Request, services: Services) -> Response:
    """To the package's own page, where its build is to be seen: a browser is not kept waiting for that."""
    package, _ = taken_in(request, services)
    return Response(status=303, headers={"Location": relative(request)(f"/v1/packages/{package.id}")})
