"""HTTP in, one use case, HTTP out. What is raised is the boundary's business (app.py)."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args
from urllib.parse import urlencode

from werkzeug.wrappers import Request, Response

from modelserver.answers import Span, document_answer, json_answer, package_answer, text_answer, zip_answer
from modelserver.body import chunks, is_yaml, text
from modelserver.catalog import Catalog
from modelserver.errors import BadRequest
from modelserver.events import events
from modelserver.package import Package, PackageID, Status
from modelserver.ports import Query
from modelserver.preference import Preference

_MOST = 1000


@dataclass(frozen=True)
class Services:
    """What a composition root plugs in. plugged: port to implementation, for /v1/health. token: "" for none."""

    catalog: Catalog
    plugged: dict[str, str]
    max_upload: int
    token: str = ""


Endpoint = Callable[..., Response]


def upload(request: Request, services: Services) -> Response:
    catalog, preference = services.catalog, Preference.of(request)
    package, started = catalog.upload(chunks(request, services.max_upload))
    if stream := events(request, catalog, package):
        return stream
    package = catalog.wait(package, preference.seconds)
    if package.status == "failed":
        return document_answer(package.error)
    answer = package_answer(request, package, _status(package, started))
    answer.headers["Location"] = f"/v1/packages/{package.id}"
    answer.headers.update(preference.applied)
    return answer


def check(request: Request, services: Services) -> Response:
    if is_yaml(request):
        inspection = services.catalog.check_config(text(request))
    else:
        inspection = services.catalog.check_zip(chunks(request, services.max_upload))
    return json_answer(inspection.to_json())


def get(request: Request, services: Services, package_id: PackageID) -> Response:
    return package_answer(request, services.catalog.get(package_id))


def download(request: Request, services: Services, package_id: PackageID) -> Response:
    package = services.catalog.get(package_id)
    span = Span.of(request, package)
    return zip_answer(request, package, services.catalog.open_zip(package), span)


def log(request: Request, services: Services, package_id: PackageID) -> Response:
    catalog = services.catalog
    package = catalog.get(package_id)
    follow = request.args.get("follow", "0") not in ("", "0", "false")
    return text_answer(catalog.follow(package) if follow else catalog.log(package))


def list_packages(request: Request, services: Services) -> Response:
    query = _query(request)
    try:
        page = services.catalog.list(query)
    except ValueError:
        raise BadRequest("page_token is not one that this server gave. Start again without it.") from None
    answer = json_answer([package.to_json() for package in page.packages])
    if page.next:
        further = urlencode({**request.args.to_dict(), "page_token": page.next})
        answer.headers["Link"] = f'<{request.path}?{further}>; rel="next"'
    return answer


def delete(request: Request, services: Services, package_id: PackageID) -> Response:
    services.catalog.delete(package_id)
    return Response(status=204)


def health(request: Request, services: Services) -> Response:
    return json_answer({"Status": "ok", **services.plugged})


def _query(request: Request) -> Query:
    status = request.args.get("status", "ready")
    if status not in (*get_args(Status), "any"):
        raise BadRequest(f"status={status!r}: say building, ready, failed or any.")
    limit = request.args.get("limit", "100")
    if not (limit.isascii() and limit.isdigit() and 1 <= int(limit) <= _MOST):
        raise BadRequest(f"limit={limit!r}: say a number from 1 to {_MOST}.")
    return Query(
        status=None if status == "any" else status,  # type: ignore[arg-type]
        name=request.args.get("name", ""),
        limit=int(limit),
        after=request.args.get("page_token", ""),
    )


def _status(package: Package, started: bool) -> int:
    if package.status == "building":
        return 202
    return 201 if started else 200
