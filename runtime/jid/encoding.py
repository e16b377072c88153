"""Values as JSON, and files inside of JSON."""

import binascii
import json
from typing import Any, Callable, Optional

Plain = Callable[[Any], Any]


def json_bytes(value: Any, plain: Optional[Plain] = None) -> bytes:
    """Compact JSON in UTF-8. plain: something that JSON knows for a value that it does not know.

    Raises TypeError, or ValueError for NaN and infinity, for which JSON has no word.
    """
    try:
        return _dumped(value, plain, False).encode("utf-8")
    except UnicodeEncodeError:  # half a surrogate pair
        return _dumped(value, plain, True).encode("ascii")


def data_url(content: bytes, kind: str) -> str:
    """Bytes of this media type as a data: URL (RFC 2397)."""
    return "data:{};base64,{}".format(kind, binascii.b2a_base64(content, newline=False).decode("ascii"))


def _dumped(value: Any, plain: Optional[Plain], ascii_only: bool) -> str:
    try:
        return json.dumps(value, ensure_ascii=ascii_only, allow_nan=False, separators=(",", ":"), default=plain)
    except ValueError as error:
        if "JSON compliant" in str(error):
            raise ValueError("it holds NaN or an infinite number, which JSON has no word for") from error
        raise
