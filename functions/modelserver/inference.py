"""HTTP in, one run of a model, HTTP out. What is raised is the boundary's business."""

from __future__ import annotations

from werkzeug.wrappers import Request, Response

from modelserver.http.onward import call_of, reply_answer
from modelserver.package import PackageID
from modelserver.services import Services


def infer(request: Request, services: Services, package_id: PackageID) -> Response:
    """Runs the package: takes and answers what the image's own `POST /infer` does.

    The inputs are a JSON object, a form, or multipart with files. Text is answered as text, files as files, the rest as
    JSON; what a model yields is sent as it comes: lines, or events with `Accept: text/event-stream`. Refusals are the
    model's own. Files that a browser might run are sent as attachments.

    The first call starts the model, which takes as long as its set-up; it is stopped when it was at rest for a while.

    - 404 if there is no such package, also if it is deleted meanwhile; 409 if it is not ready.
    - 502 if the model breaks off or answers nonsense; 503 with `Retry-After` while there is no room.
    """
    return services.running_places.stream(lambda: reply_answer(services.running.infer(package_id, call_of(request))))
