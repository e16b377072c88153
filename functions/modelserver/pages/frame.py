"""The frame of every page: the template, what may run in it, and addresses that work behind any prefix.

Templates are Jinja2's, with autoescape: whatever is put into one is text. The Content-Security-Policy lets a page
load what this origin serves under a name of ours, and nothing inline: markup that slipped through would be inert.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from urllib.parse import quote

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from werkzeug.wrappers import Request, Response

from modelserver.http.session import is_secure, is_signed_in
from modelserver.pages import assets, shown
from modelserver.services import Services

_POLICY = "; ".join(
    (
        "default-src 'none'",
        "style-src 'self'",
        "script-src 'self'",
        "img-src 'self' data: blob:",
        "media-src 'self' blob:",
        "connect-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": _POLICY,
    "Referrer-Policy": "same-origin",  # no-referrer would make a form's Origin null
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cache-Control": "private, no-cache",
}


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters.update(size=shown.size, when=shown.when, json=shown.json_text, seconds=shown.seconds)
    return environment


def page(
    request: Request, template: str, services: Services | None = None, status: int = 200, **values: object
) -> Response:
    """services: None where the request did not get that far, as on the page of a problem."""
    to = relative(request)
    text = (
        _environment()
        .get_template(template)
        .render(
            to=to,
            asset=lambda name: to(assets.address(name)),
            origin=origin(request),
            token=bool(services and services.settings.token),
            signed_in=services is not None and is_signed_in(request, services.settings),
            plugged=services.ports.plugged if services else {},
            **values,
        )
    )
    return Response(text, status, _HEADERS, content_type="text/html; charset=utf-8")


def origin(request: Request) -> str:
    """This server as the browser knows it, for commands to copy."""
    return f"{'https' if is_secure(request) else 'http'}://{request.host}"


def relative(request: Request) -> Callable[[str], str]:
    """Addresses of this server, relative to the page: whatever prefix stands in front is kept."""
    up = "../" * (request.path.count("/") - 1) or "./"

    def to(address: str) -> str:
        path, mark, rest = address.partition("?")
        return up + quote(path.lstrip("/"), safe="/") + mark + rest

    return to
