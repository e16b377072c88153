"""The endpoint of the description."""

from __future__ import annotations

import hashlib

from werkzeug.wrappers import Request, Response

from modelserver.services import Services


def describe(request: Request, services: Services) -> Response:
    """This interface as an OpenAPI 3.1 document. It needs no token."""
    from modelserver.openapi.document import document

    text = document(bool(services.settings.token))
    answer = Response(text, 200, content_type="application/json")
    answer.set_etag(hashlib.sha256(text).hexdigest()[:32])
    answer.headers["Cache-Control"] = "public, max-age=3600"
    return answer.make_conditional(request)
