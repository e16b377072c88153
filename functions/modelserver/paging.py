"""Where a page of a list starts: after a package's place in the order by `created`, then ID."""

from __future__ import annotations

import base64

from modelserver.package import Package


def cursor(package: Package) -> str:
    """An opaque token, safe in a URL, for what comes after this package."""
    return base64.urlsafe_b64encode(f"{package.created} {package.id}".encode()).decode().rstrip("=")


def position(token: str) -> tuple[str, str]:
    """The `created` and the ID in a token. Raises ValueError when it was never made by `cursor`."""
    text = base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)).decode()
    created, separator, package_id = text.partition(" ")
    if not separator:
        raise ValueError("not a page token")
    return created, package_id
