"""HTTP in, one use case, HTTP out, for packages that come in. What is raised is the boundary's business."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from modelserver.http.answers import document_answer, json_answer, package_answer
from modelserver.http.body import chunks, is_json, is_yaml, member, text
from modelserver.http.events import events, wanted
from modelserver.http.preference import Preference
from modelserver.package import Package
from modelserver.services import Services


def upload(request: Request, services: Services) -> Response:
    package, started = _taken_in(request, services)
    if kind := wanted(request):
        return services.places.stream(lambda: events(kind, services.catalog, package))
    preference = Preference.of(request)
    package = services.places.wait(lambda: _waited(preference, services, package), otherwise=package)
    if package.status == "failed":
        return document_answer(package.error)
    answer = package_answer(request, package, _status(package, started))
    answer.headers["Location"] = f"/v1/packages/{package.id}"
    answer.headers.update(preference.applied)
    return answer


def begin(request: Request, services: Services) -> Response:
    session = services.intake.begin(member(request, "Size", int), request.host_url.rstrip("/"))
    body = {"Upload": session.name, "Location": session.location}
    return json_answer(dict(body), 201, {"Location": session.location, "Cache-Control": "no-store"})


def check(request: Request, services: Services) -> Response:
    if is_yaml(request):
        inspection = services.intake.check_config(text(request))
    else:
        inspection = services.intake.check_zip(chunks(request, services.settings.max_direct))
    return json_answer(inspection.to_json())


def _waited(preference: Preference, services: Services, package: Package) -> Package:
    return services.catalog.wait(package, min(preference.seconds, services.settings.max_wait))


def _taken_in(request: Request, services: Services) -> tuple[Package, bool]:
    if is_json(request):
        return services.intake.upload_session(member(request, "Upload", str))
    return services.intake.upload(chunks(request, services.settings.max_direct))


def _status(package: Package, started: bool) -> int:
    if package.status == "building":
        return 202
    return 201 if started else 200
