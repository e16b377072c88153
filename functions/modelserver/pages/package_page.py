"""One package: what it is, how to run it, and why to believe it."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from modelserver.package import Package, PackageID
from modelserver.pages import snippets
from modelserver.pages.completed import rows
from modelserver.pages.evidence import evidence_of
from modelserver.pages.fields import fields_of, fillings
from modelserver.pages.files import contents_of
from modelserver.pages.frame import origin, page, relative
from modelserver.pages.log_page import tail
from modelserver.ports import Query
from modelserver.services import Services

_RELATED = 6


def show(request: Request, services: Services, package_id: PackageID) -> Response:
    package = services.catalog.get(package_id)
    at = f"/v1/packages/{package_id}"
    to = relative(request)
    return page(
        request,
        "package.html",
        services,
        package=package,
        at=at,
        of="/v1/packages/",
        twin=at,
        contents=contents_of(services, package, lambda path: to(f"{at}/files/{path}")),
        rows=rows(package),
        evidence=evidence_of(package.test),
        log=tail(services, package),
        related=_related(services, package),
        run=_run(request, services, package) if package.status == "ready" else None,
        lines=_lines(request, services, package),
    )


def _run(request: Request, services: Services, package: Package) -> dict[str, object]:
    """The run form."""
    fields = fields_of(package.schema)
    prepared = fillings(fields, package.config.examples)
    address = f"{origin(request)}/v1/packages/{package.id}/infer"
    return {
        "fields": fields,
        "fillings": prepared,
        "address": address,
        "call": snippets.curl_call(address, fields, prepared[0], bool(services.settings.token)),
        "stream": package.schema.get("Stream") is True,
        "output": package.schema.get("Output") or {},
        "setup": package.test.get("SetupSeconds"),
    }


def _lines(request: Request, services: Services, package: Package) -> dict[str, list[snippets.Line]]:
    token = bool(services.settings.token)
    lines = {each.target: snippets.artifact_lines(each) for each in package.artifacts}
    lines["package"] = snippets.package_lines(origin(request), package, token)
    lines["badge"] = [] if token else [snippets.badge_line(origin(request), package)]
    lines["proof"] = snippets.proof_lines(package)
    return lines


def _related(services: Services, package: Package) -> list[Package]:
    """Others of this name, newest first."""
    found = services.catalog.list(Query(status=None, name=package.config.name, limit=_RELATED + 1))
    return [each for each in found.packages if each.id != package.id][:_RELATED]
