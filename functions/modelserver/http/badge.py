"""A package's status as a small picture."""

from __future__ import annotations

import hashlib
from html import escape

from werkzeug.wrappers import Request, Response

from modelserver.package import Package

_COLOURS = {"ready": "#1a7f37", "building": "#9a6700", "failed": "#b42318"}  # each 4.5 to 1 and more beside white
_CHARACTER = 6.6  # of Verdana, 11 pixels high, on average; the text is fitted to it
_PADDING = 6.0
_SECONDS = 60
_MOST = 64


def badge_answer(request: Request, package: Package) -> Response:
    """With an ETag; a minute's rest for whoever shows it. It may be shown by pages of other origins: it is no secret
    to whoever may ask for it, and nothing in it can be run."""
    drawn = badge(str(package.config.name), f"{package.status} {package.id[:12]}", _COLOURS[package.status])
    answer = Response(drawn, 200, content_type="image/svg+xml; charset=utf-8")
    answer.set_etag(hashlib.sha256(drawn.encode()).hexdigest()[:32])
    answer.headers["Cache-Control"] = f"max-age={_SECONDS}"
    answer.headers["Cross-Origin-Resource-Policy"] = "cross-origin"
    return answer.make_conditional(request)


def badge(label: str, text: str, colour: str) -> str:
    """An SVG of two fields: presentation attributes alone, as the server's policy allows no styles."""
    label = label if len(label) <= _MOST else f"{label[: _MOST - 1]}\u2026"
    left, right = _width(label), _width(text)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{left + right:g}" height="20" role="img"'
        f' aria-label="{escape(label)}: {escape(text)}">'
        f"<title>{escape(label)}: {escape(text)}</title>"
        f'<rect width="{left:g}" height="20" fill="#444"/>'
        f'<rect x="{left:g}" width="{right:g}" height="20" fill="{escape(colour)}"/>'
        f'<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">'
        f"{_text(label, _PADDING)}{_text(text, left + _PADDING)}</g></svg>\n"
    )


def _text(text: str, x: float) -> str:
    width = _width(text) - 2 * _PADDING
    return f'<text x="{x:g}" y="14" textLength="{width:g}" lengthAdjust="spacingAndGlyphs">{escape(text)}</text>'


def _width(text: str) -> float:
    return round(len(text) * _CHARACTER + 2 * _PADDING, 1)
