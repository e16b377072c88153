"""The evidence that `jid test` prints: one JSON document."""

import hashlib
import json
import os
import platform
import resource
import sys
from typing import Any, Dict, List, NamedTuple, Optional

from jid.failure import Failure
from jid.keep.process import Described
from jid.trial.compare import sha256

_LARGEST = 65536  # bytes of JSON of one output that the report carries whole
_BEGINNING = 1000  # characters of a larger one


class Tried(NamedTuple):
    """One example, run. `output` is JSON as the report shows it; seconds of the run alone."""

    input: Dict[str, Any]
    expected: Any
    output: Any
    seconds: float
    failure: Optional[Failure]


class Report(NamedTuple):
    """All that a test found out. `failure` is the first; `described` is None when the class was not read.

    packages: versions of what is installed, by name.
    """

    tried: List[Tried]
    setup_seconds: float
    described: Optional[Described]
    failure: Optional[Failure]
    packages: Dict[str, str] = {}

    def json(self) -> Dict[str, Any]:
        """The document: seconds, bytes, and null where nothing went wrong."""
        return {
            "Passed": self.failure is None,
            "Error": _error(self.failure),
            "Examples": [_example(one) for one in self.tried],
            "SetupSeconds": round(self.setup_seconds, 6),
            "PeakMemory": _peak_memory(),
            "Python": platform.python_version(),
            "Packages": self.packages,
            "Schema": schema(self.described) if self.described else None,
        }


def schema(described: Described) -> Dict[str, Any]:
    """The model's signature as the report and the `schema` command show it."""
    return {"Input": described.input, "Output": described.output, "Stream": described.stream}


def shown_value(value: Any) -> Any:
    """The value itself, or the beginning, size and digest of one too large for a report."""
    text = json.dumps(value, ensure_ascii=False)
    encoded = text.encode("utf-8", "replace")
    if len(encoded) <= _LARGEST:
        return value
    digest = hashlib.sha256(encoded).hexdigest()
    return {"Truncated": text[:_BEGINNING], "Size": len(encoded), "SHA256": digest}


def shown_file(path: str) -> Dict[str, Any]:
    """A file's name, size in bytes and digest."""
    return {"File": os.path.basename(path), "Size": os.path.getsize(path), "SHA256": sha256(path)}


def _example(tried: Tried) -> Dict[str, Any]:
    return {
        "Input": shown_value(tried.input),
        "Expected": shown_value(tried.expected),
        "Output": tried.output,
        "Seconds": round(tried.seconds, 6),
        "Passed": tried.failure is None,
        "Error": _error(tried.failure),
    }


def _error(failure: Optional[Failure]) -> Optional[Dict[str, str]]:
    return {"Code": failure.code, "Detail": failure.detail} if failure else None


def _peak_memory() -> int:
    """Bytes of the largest of our processes that ended, which is the model's; Linux counts in KiB, macOS in bytes."""
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024
