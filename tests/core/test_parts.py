"""The count of real parts at the end of a run says what tests met, and not what they would have met."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_BOTH = (
    "tests/contracts/test_storage.py::test_ranges",
    "tests/contracts/test_database.py::test_nothing_is_known_at_first",
)


def test_what_was_skipped_is_not_counted(tmp_path: Path) -> None:
    """Of the two contracts, on a machine without gcloud: Cloud Storage's stand-in is met once, Firestore's is not."""
    here = {name: value for name, value in os.environ.items() if name != "CI"} | {"PATH": str(tmp_path)}
    command = [sys.executable, "-m", "pytest", "--no-header", "-p", "no:cacheprovider", *_BOTH]
    done = subprocess.run(command, cwd=ROOT, env=here, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "gcloud is not installed" in done.stdout
    assert [line for line in done.stdout.splitlines() if "real parts" in line] == [
        "tests against real parts: fake-gcs-server 1"
    ]
