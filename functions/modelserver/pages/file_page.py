"""One file of a package: its text, or the picture that it is."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from modelserver.contents import found, opened
from modelserver.http.answers import SHOWN
from modelserver.package import PackageID
from modelserver.pages.files import text_of
from modelserver.pages.frame import page
from modelserver.services import Services


def show(request: Request, services: Services, package_id: PackageID, path: str) -> Response:
    package = services.catalog.get(package_id)
    kind = SHOWN.get(path.rpartition(".")[2].lower(), "")
    with opened(services, package) as archive:
        file = found(archive, path)
        text = "" if kind else text_of(archive, path)
    at = f"/v1/packages/{package_id}"
    return page(
        request,
        "file.html",
        services,
        package=package,
        file=file,
        kind=kind,
        text=text,
        at=at,
        twin=f"{at}/files/{path}",
    )
