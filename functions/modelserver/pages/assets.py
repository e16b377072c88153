"""What pages are dressed with: style, scripts, icon. Each under a name that changes with its content."""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from werkzeug.wrappers import Request, Response

from modelserver.errors import NotFound
from modelserver.services import Services

_FOLDER = Path(__file__).parent / "assets"
_KINDS = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}


def asset(request: Request, services: Services, name: str) -> Response:
    """The style, scripts and icon of the pages, under names that change with their content; to be cached for good."""
    known = _by_name().get(name)
    if known is None:
        raise NotFound(f"{name[:100]!r} is no asset of this version of the server.")
    headers = {"Cache-Control": "public, max-age=31536000, immutable"}
    return Response(known.read_bytes(), 200, headers, content_type=_KINDS[known.suffix])


def address(name: str) -> str:
    """Where the asset `style.css` is served."""
    return f"/v1/assets/{_hashed()[name]}"


@cache
def _hashed() -> dict[str, str]:
    paths = [path for path in _FOLDER.iterdir() if path.suffix in _KINDS]
    return {path.name: f"{path.stem}.{_digest(path)}{path.suffix}" for path in paths}


def _by_name() -> dict[str, Path]:
    return {hashed: _FOLDER / name for name, hashed in _hashed().items()}


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
