"""HTTP in, one use case, HTTP out, for models by their names. What is raised is the boundary's business."""

from __future__ import annotations

from urllib.parse import quote

from werkzeug.wrappers import Request, Response

from modelserver.config import ModelName
from modelserver.errors import ModelNotFound
from modelserver.http.badge import badge_answer
from modelserver.package import Package, PackageID
from modelserver.ports import Query
from modelserver.services import Services


def newest(request: Request, services: Services, name: str) -> Response:
    """Leads to the newest package of this name that is ready: 307.

    `Link: <...>; rel="version-history"` is the address of all packages of the name, newest first.
    """
    package = _newest(services, name)
    headers = {
        "Location": f"/v1/packages/{package.id}",
        "Link": f'</v1/packages/?name={quote(name, safe="")}&status=any>; rel="version-history"',
        "Cache-Control": "no-cache",
    }
    return Response(status=307, headers=headers)


def badge(request: Request, services: Services, name: str) -> Response:
    """A picture (SVG) of how the newest package of this name that is ready is called."""
    return badge_answer(request, _newest(services, name))


def package_badge(request: Request, services: Services, package_id: PackageID) -> Response:
    """A picture (SVG) of the package's status, for a README. Other pages may show it."""
    return badge_answer(request, services.catalog.get(package_id))


def _newest(services: Services, name: str) -> Package:
    """Raises ModelNotFound."""
    parsed = ModelName.parse(name)
    page = services.catalog.list(Query(name=parsed, limit=1)) if parsed else None
    if not page or not page.records:
        raise ModelNotFound(
            f"No package called {name[:128]!r} is ready. GET /v1/packages/?status=any lists what there is."
        )
    return page.records[0].package
