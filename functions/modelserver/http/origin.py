"""Where a request comes from, as browsers say: Origin (fetch.spec.whatwg.org), Sec-Fetch-Site (W3C fetch-metadata)."""

from __future__ import annotations

from werkzeug.wrappers import Request

HARMLESS = ("GET", "HEAD", "OPTIONS")
_OWN = ("same-origin", "none")


def from_elsewhere(request: Request) -> bool:
    """Whether a page of another origin sent this. Programs that say nothing did not."""
    origin = request.headers.get("Origin")
    strange = origin is not None and origin.partition("://")[2] != request.environ.get("HTTP_HOST")
    return strange or request.headers.get("Sec-Fetch-Site", "none") not in _OWN


def from_here(request: Request) -> bool:
    """Whether a page of this very origin sent this, and the browser says so."""
    said = "Origin" in request.headers or request.headers.get("Sec-Fetch-Site") == "same-origin"
    return said and not from_elsewhere(request)
