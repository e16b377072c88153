"""HTTP in, one use case, HTTP out, for packages that come in. What is raised is the boundary's business."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from modelserver.errors import BadRequest
from modelserver.http.answers import document_answer, json_answer, package_answer
from modelserver.http.body import chunks, is_json, is_yaml, member, text
from modelserver.http.events import upload_events, wanted
from modelserver.http.preference import Preference
from modelserver.package import Package
from modelserver.services import Services


def doors(request: Request, services: Services) -> Response:
    """How large a zip may be: bytes in a request's body and through a session, entries, bytes unpacked."""
    settings = services.settings
    return json_answer(
        {
            "MaxDirect": settings.max_direct,
            "MaxUpload": settings.max_upload,
            "MaxEntries": settings.max_entries,
            "MaxUnpacked": settings.max_unpacked,
        }
    )


def upload(request: Request, services: Services) -> Response:
    """Takes in a zip, has it built and tested, and answers with the package.

    The zip is the multipart field `file`, or the body itself. One that came through a session is named instead:
    `{"Upload": "<name>"}` as `application/json`.

    - 201 and the package, once it is ready; `Location` is its address.
    - 200 if this content is known and ready: nothing is built again.
    - 202 if it is still building: with `Prefer: respond-async`, or when the N seconds of `Prefer: wait=N` are over.
    - 422 with every error of a package that is not valid, or with the end of the log of a build or test that failed.
    - 413 if the zip is too large for a request; `detail` names the way for larger ones.

    `Accept: text/event-stream` or `application/x-ndjson` watches it, from the first byte on. The status is 200 then,
    unless the request is refused at once, and the events are:

    - `stage`: its `Name` (`receive`, `check`, `store`, `queue`, then the build's own) and `Seconds`, as it begins
      (null) and as it ends;
    - `progress`: the `Bytes` that have come so far;
    - `accepted`: the package, recorded;
    - `log`: what the build says, as it says it;
    - last `package`, or `problem`.
    """
    if kind := wanted(request):
        return _watched(request, services, kind)
    package, started = taken_in(request, services)
    preference = Preference.of(request)
    package = services.places.wait(lambda: _waited(preference, services, package), otherwise=package)
    if package.status == "failed":
        return document_answer(package.error)
    answer = package_answer(request, package, _status(package, started))
    answer.headers["Location"] = f"/v1/packages/{package.id}"
    answer.headers.update(preference.applied)
    return answer


def begin(request: Request, services: Services) -> Response:
    """Opens a session for a zip that is too large for one request.

    The body is `{"Size": <bytes>}` as `application/json`. 201, with `Upload`, the session's name, and `Location`, where
    the zip is to be PUT. After a cut, PUT nothing there with `Content-Range: bytes */SIZE`: 308 and `Range` say what
    has arrived. Then PUT the rest with `Content-Range: bytes FIRST-LAST/SIZE`.
    """
    if not request.host:
        raise BadRequest("The Host header names no host, so there is no Location to tell.")
    session = services.intake.begin(member(request, "Size", int), request.host_url.rstrip("/"))
    body = {"Upload": session.name, "Location": session.location}
    return json_answer(dict(body), 201, {"Location": session.location, "Cache-Control": "no-store"})


def check(request: Request, services: Services) -> Response:
    """Says what an upload would make of a zip, or of a `jid.yaml` alone; nothing is stored or built.

    The body is a zip as for an upload, or a `jid.yaml` as `application/yaml`. 200 with the completed `Config`, the
    reasons (`Completion`), the `Dockerfiles`, and for a zip its `ID`; or 422 with every error.
    """
    if is_yaml(request):
        inspection = services.intake.check_config(text(request))
    else:
        inspection = services.intake.check_zip(chunks(request, services.settings.max_direct))
    return json_answer(inspection.to_json())


def _watched(request: Request, services: Services, kind: str) -> Response:
    """What can be refused by the head alone still is; from then on there are events."""
    if is_json(request):
        name = member(request, "Upload", str)
        return services.places.stream(
            lambda: upload_events(kind, services.catalog, lambda s, _: services.intake.upload_session(name, s)[0], 0)
        )
    body, size = chunks(request, services.settings.max_direct), request.content_length or 0
    return services.places.stream(
        lambda: upload_events(
            kind, services.catalog, lambda s, counted: services.intake.upload(counted(body), s)[0], size
        )
    )


def _waited(preference: Preference, services: Services, package: Package) -> Package:
    return services.catalog.wait(package, min(preference.seconds, services.settings.max_wait))


def taken_in(request: Request, services: Services) -> tuple[Package, bool]:
    """The package in the request, and whether this upload started its build."""
    if is_json(request):
        return services.intake.upload_session(member(request, "Upload", str))
    return services.intake.upload(chunks(request, services.settings.max_direct))


def _status(package: Package, started: bool) -> int:
    if package.status == "building":
        return 202
    return 201 if started else 200
