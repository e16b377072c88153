"""Values as people read them."""

from __future__ import annotations

import json
from datetime import datetime, timezone

from modelserver.jsontypes import JSON

_MOST = 1e18
_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_STEPS = ((365 * 86_400, "year"), (30 * 86_400, "month"), (86_400, "day"), (3600, "hour"), (60, "minute"))


def size(count: object) -> str:
    """Bytes: "512 bytes", "1.4 MB", in powers of 1000. "" for what is no size."""
    if not isinstance(count, int | float) or isinstance(count, bool) or not 0 <= count <= _MOST:
        return ""
    value, unit = float(count), 0
    while value >= 999.95 and unit < len(_UNITS) - 1:
        value, unit = value / 1000, unit + 1
    return f"{value:.0f} {_UNITS[unit]}" if unit == 0 else f"{value:.1f} {_UNITS[unit]}"


def when(created: str) -> str:
    """How long ago an RFC 3339 time was: "3 hours ago"."""
    try:
        moment = datetime.fromisoformat(created.replace("Z", "+00:00"))
    except ValueError:
        return created
    passed = (datetime.now(timezone.utc) - moment).total_seconds()
    for seconds_in, unit in _STEPS:
        if passed >= seconds_in:
            count = int(passed // seconds_in)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def seconds(value: object) -> str:
    """A duration: "4 ms", "1.23 s", "3 min 20 s". "" for what is none."""
    if not isinstance(value, int | float) or isinstance(value, bool) or not 0 <= value <= _MOST:
        return ""
    if value < 1:
        return f"{value * 1000:.0f} ms" if value >= 0.001 else "< 1 ms"
    if value < 60:
        return f"{value:.2f} s" if value < 10 else f"{value:.1f} s"
    return f"{int(value // 60)} min {int(value % 60)} s"


def json_text(value: JSON) -> str:
    """Small values on one line, larger ones indented."""
    line = json.dumps(value, ensure_ascii=False)
    return line if len(line) <= 80 else json.dumps(value, ensure_ascii=False, indent=2)
