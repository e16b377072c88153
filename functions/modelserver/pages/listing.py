"""The list of packages."""

from __future__ import annotations

from urllib.parse import urlencode

from werkzeug.wrappers import Request, Response

from modelserver.http.listing import further, listed
from modelserver.pages.frame import origin, page
from modelserver.pages.snippets import first_package
from modelserver.services import Services

_ASKED = ("search", "name", "status", "architecture")


def show(request: Request, services: Services) -> Response:
    """Of any status, if the request does not say: a person looks for what is still being built too."""
    found = listed(request, services, status="any")
    asked = {name: _said(request, name) for name in _ASKED}
    answer = page(
        request,
        "listing.html",
        services,
        packages=found.packages,
        asked=asked,
        further=further(request, found),
        newest="?" + urlencode({name: value for name, value in asked.items() if value}),
        is_first="page_token" not in request.args,
        twin="/v1/packages/?" + urlencode({"status": "any", **{k: v for k, v in request.args.items() if v}}),
        lines=first_package(origin(request), bool(services.settings.token)),
    )
    if found.next:
        answer.headers["Link"] = f'<{request.path}{further(request, found)}>; rel="next"'
    return answer


def lead(request: Request, services: Services) -> Response:
    """From the server's name, as people type it, to the list. Relative, whatever stands in front of this server."""
    return Response(status=302, headers={"Location": "v1/packages/"})


def _said(request: Request, name: str) -> str:
    """A field of the form above the list; "" if it narrows nothing."""
    text = request.args.get(name, "")
    return "" if (name, text) == ("status", "any") else text
