"""A failure with a code and a reason short enough to read, and how a traceback becomes one."""

import os
import traceback
from typing import List, Type

MODEL_NOT_FOUND = "MODEL_NOT_FOUND"
IMPORT_FAILED = "IMPORT_FAILED"
SIGNATURE_UNSUPPORTED = "SIGNATURE_UNSUPPORTED"
SETUP_FAILED = "SETUP_FAILED"
RUN_FAILED = "RUN_FAILED"
EXAMPLE_DIFFERS = "EXAMPLE_DIFFERS"
MODEL_DIED = "MODEL_DIED"
TIMED_OUT = "TIMED_OUT"
CANCELLED = "CANCELLED"
READER_TOO_SLOW = "READER_TOO_SLOW"
QUEUE_FULL = "QUEUE_FULL"
STOPPING = "STOPPING"
NO_EXAMPLES = "NO_EXAMPLES"
INPUT_INVALID = "INPUT_INVALID"
CONFIG_INVALID = "CONFIG_INVALID"
INTERNAL = "INTERNAL"

_FRAMES = 5  # of the user's own code, counted from where it was raised
_LENGTH = 4096  # characters of a reason
_HERE = os.path.dirname(os.path.abspath(__file__))


class Failure(Exception):
    """Something went wrong in a way that has a code; `detail` is for the model's author.

    pointer: the JSON pointer of the input that is to blame, where one is. retry_after: seconds after which
    the same may go well, 0 where that is not known.
    """

    def __init__(self, code: str, detail: str, pointer: str = "", retry_after: int = 0) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail
        self.pointer = pointer
        self.retry_after = retry_after


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
