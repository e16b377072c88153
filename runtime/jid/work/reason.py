"""How an exception of the user's code becomes a reason short enough to read."""

import os
import traceback
from typing import List, Type

_FRAMES = 5  # of the user's own code, counted from where it was raised
_LENGTH = 4096  # characters of a reason
_HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))


def told(error: BaseException, source: str) -> str:
    """The error's last line, under the user's own lines that led to it; source: the user's directory."""
    lines = _places(error, source) + [_last_line(error, source)]
    text = "\n".join(lines)
    return text if len(text) <= _LENGTH else "..." + text[-_LENGTH:]


def _places(error: BaseException, source: str) -> List[str]:
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename.startswith(source + os.sep) and not frame.filename.startswith(_HERE + os.sep)
    ]
    return [
        "{}:{} in {}: {}".format(os.path.relpath(frame.filename, source), frame.lineno, frame.name, frame.line or "")
        for frame in frames[-_FRAMES:]
    ]


def _last_line(error: BaseException, source: str) -> str:
    kind: Type[BaseException] = type(error)
    if isinstance(error, SyntaxError) and error.filename:
        place = error.filename.replace(source + os.sep, "")
        return "{}:{}: {}: {}".format(place, error.lineno, kind.__name__, error.msg)
    if isinstance(error, SystemExit):
        return "SystemExit: sys.exit({!r}) was called".format(error.code)
    return "".join(traceback.format_exception_only(kind, error)).strip()
