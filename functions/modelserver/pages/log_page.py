"""A build's log, as far as it is written; a script goes on from there while the build runs."""

from __future__ import annotations

from collections import deque

from werkzeug.wrappers import Request, Response

from modelserver.package import Package, PackageID
from modelserver.pages.frame import page
from modelserver.services import Services

_TAIL = 64 * 1024


def show(request: Request, services: Services, package_id: PackageID) -> Response:
    package = services.catalog.get(package_id)
    at = f"/v1/packages/{package_id}"
    return page(request, "log.html", services, package=package, log=tail(services, package), at=at, twin=f"{at}/log")


def tail(services: Services, package: Package) -> str:
    """The end of the log, from the beginning of a line on."""
    kept: deque[bytes] = deque()
    size = 0
    for chunk in services.catalog.log(package):
        kept.append(chunk)
        size += len(chunk)
        while size - len(kept[0]) >= _TAIL:
            size -= len(kept.popleft())
    data = b"".join(kept)
    if len(data) <= _TAIL:
        return data.decode(errors="replace")
    return data[-_TAIL:].partition(b"\n")[2].decode(errors="replace")
