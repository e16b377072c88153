"""A failure with a code and a reason short enough to read."""

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
