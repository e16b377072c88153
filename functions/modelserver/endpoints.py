"""HTTP in, one use case, HTTP out, for packages that are known. What is raised is the boundary's business."""

from __future__ import annotations

from typing import get_args
from urllib.parse import urlencode

from werkzeug.wrappers import Request, Response

from modelserver.errors import BadRequest
from modelserver.http.answers import Span, json_answer, package_answer, text_answer, zip_answer
from modelserver.package import PackageID, Status
from modelserver.ports import Query
from modelserver.services import Services

MOST = 1000


def get(request: Request, services: Services, package_id: PackageID) -> Response:
    """The package, with an ETag.

    `Status` is `building`, `ready` or `failed`; a failed one has the problem under `Error`.
    """
    return package_answer(request, services.catalog.get(package_id))


def download(request: Request, services: Services, package_id: PackageID) -> Response:
    """The zip, byte for byte.

    With Content-Length, Range, ETag (its SHA-256), Repr-Digest. On Google Cloud a 307 to a signed URL if it is large.
    """
    package = services.catalog.get(package_id)
    span = Span.of(request, package)
    reader = services.catalog.open_zip(package)
    if link := reader.link(f"{package_id}.zip"):
        reader.close()
        return Response(status=307, headers={"Location": link, "Cache-Control": "no-store"})
    return zip_answer(request, package, reader, span)


def log(request: Request, services: Services, package_id: PackageID) -> Response:
    """The build log as text.

    With `?follow=1` it goes on until the build ends.
    """
    catalog = services.catalog
    package = catalog.get(package_id)
    if request.args.get("follow", "0") in ("", "0", "false"):
        return text_answer(catalog.log(package))
    return services.places.stream(lambda: text_answer(catalog.follow(package)))


def list_packages(request: Request, services: Services) -> Response:
    """The packages that are ready, newest first.

    `?status=` is `building`, `ready`, `failed` or `any`; `?name=` is a model's name; `?limit=` is 100 unless said, at
    most 1000. Where there are more, `Link: <...>; rel="next"` is the address of the next page.
    """
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
    """Removes the zip, the record, the log and the local images; 204.

    A build under way is cancelled. Images that were pushed stay in their registry.
    """
    services.catalog.delete(package_id)
    return Response(status=204)


def health(request: Request, services: Services) -> Response:
    """What is plugged in. It needs no token."""
    return json_answer({"Status": "ok", **services.ports.plugged})


def _query(request: Request) -> Query:
    status = request.args.get("status", "ready")
    if status not in (*get_args(Status), "any"):
        raise BadRequest(f"status={status!r}: say building, ready, failed or any.")
    limit = request.args.get("limit", "100")
    if not (limit.isascii() and limit.isdigit() and len(limit) <= len(str(MOST)) and 1 <= int(limit) <= MOST):
        raise BadRequest(f"limit={limit!r}: say a number from 1 to {MOST}.")
    return Query(
        status=None if status == "any" else status,  # type: ignore[arg-type]
        name=request.args.get("name", ""),
        limit=int(limit),
        after=request.args.get("page_token", ""),
    )
