"""How long a client wants to wait: the Prefer header (RFC 7240)."""

from __future__ import annotations

from dataclasses import dataclass, field

from werkzeug.http import parse_dict_header
from werkzeug.wrappers import Request

_FOREVER = 7 * 86_400.0


@dataclass(frozen=True)
class Preference:
    """seconds: to wait for a build. applied: the header that says so, if the client asked."""

    seconds: float = _FOREVER
    applied: dict[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, request: Request) -> Preference:
        """`respond-async`: not at all; `wait=N`: N seconds; else until the build ends. What is unclear is ignored."""
        asked = parse_dict_header(request.headers.get("Prefer", ""))
        wait = asked.get("wait") or ""
        if wait.isascii() and wait.isdigit() and len(wait) < 7:
            return cls(float(wait), {"Preference-Applied": f"wait={int(wait)}"})
        if "respond-async" in asked:
            return cls(0.0, {"Preference-Applied": "respond-async"})
        return cls()
