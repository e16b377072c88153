"""HTTP in, one use case, HTTP out, for packages that are known. What is raised is the boundary's business."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from modelserver.http.answers import (
    Span,
    file_answer,
    json_answer,
    list_answer,
    package_answer,
    text_answer,
    zip_answer,
)
from modelserver.http.events import build_events, wanted
from modelserver.http.listing import further, listed
from modelserver.package import PackageID
from modelserver.services import Services


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

    With `?follow=1` it goes on until the build ends; with `Accept: text/event-stream` or `application/x-ndjson` as the
    events of an upload that is watched: `stage`, `log`, last `package` or `problem`.
    """
    catalog = services.catalog
    package = catalog.get(package_id)
    if request.args.get("follow", "0") in ("", "0", "false"):
        return text_answer(catalog.log(package))
    if kind := wanted(request):
        return services.places.stream(lambda: build_events(kind, catalog, package))
    return services.places.stream(lambda: text_answer(catalog.follow(package)))


def list_packages(request: Request, services: Services) -> Response:
    """The packages that are ready, newest first.

    `?status=` is `building`, `ready`, `failed` or `any`; `?name=` is a model's name; `?limit=` is 100 unless said, at
    most 1000. `?search=` looks for a part of the name, or how the ID begins; `?architecture=` is `cpu` or `gpu`. Where
    there are more, `Link: <...>; rel="next"` is the address of the next page; a search that has looked at 5,000
    packages may end a page early.
    """
    page = listed(request, services)
    answer = list_answer(record.shown() for record in page.records)
    if page.next:
        answer.headers["Link"] = f'<{request.path}{further(request, page)}>; rel="next"'
    return answer


def file(request: Request, services: Services, package_id: PackageID, path: str) -> Response:
    """One file of the package.

    Pictures and sound as such, the rest as bytes (`application/octet-stream`): nothing of a package is a page here.
    """
    from modelserver.contents import stream

    opened = stream(services, services.catalog.get(package_id), path)
    answer = file_answer(path, opened.size, opened.chunks)
    answer.call_on_close(opened.close)
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
