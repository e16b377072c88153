"""Which of its two forms an answer takes: JSON for programs, a page for the person in a browser (RFC 9110, 12.5.1)."""

from __future__ import annotations

from werkzeug.wrappers import Request


def prefers_page(request: Request) -> bool:
    """Whether HTML is wanted more than JSON, as browsers say; `*/*` and silence, as from curl, mean JSON.

    A link cannot choose a header, so `?format=json` (or any other word) asks a browser's way for what programs get.
    """
    accepted = request.accept_mimetypes
    return "format" not in request.args and accepted["text/html"] > accepted["application/json"]
