"""What is uploaded in the tests of the pages: examples, and models that are made to be seen."""

from __future__ import annotations

import io
import subprocess
import zipfile

from tests.packages import model, zipped
from tests.servers import ROOT

EXAMPLES = ("hello", "thumbnail", "tokens")


def example(name: str) -> bytes:
    """The example's files as git knows them, zipped."""
    folder = ROOT / "examples" / name
    listed = subprocess.run(["git", "ls-files", "-z", "."], cwd=folder, capture_output=True, text=True, check=True)
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in filter(None, listed.stdout.split("\0")):
            archive.write(folder / path, path)
    return target.getvalue()


def slow(seconds: float, salt: str = "") -> bytes:
    """A model that says what it does while it is set up, for so long."""
    code = f"""
import sys, time
class Model:
    def setup(self):
        for number in range(10):
            print("loading part", number, file=sys.stderr, flush=True)
            time.sleep({seconds / 10})
    def run(self, text: str = "world") -> str:
        return "hello " + text
"""
    return zipped(model(code, name="tests/slow", salt=salt))
