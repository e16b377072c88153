"""What changes from one package to another."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from modelserver.comparison.endpoint import compared
from modelserver.package import PackageID
from modelserver.pages.frame import page
from modelserver.services import Services


def show(request: Request, services: Services, package_id: PackageID, other: str) -> Response:
    changes = compared(services, package_id, other)
    of = "/v1/packages/"
    return page(request, "diff.html", services, changes=changes, of=of, twin=f"{of}{package_id}/diff/{other}")
