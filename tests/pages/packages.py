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


OUTPUTS = """
import pathlib, struct, tempfile, time, wave, zlib
from typing import Literal

MARKUP = "<script>document.title='taken over'</script><h1 id=taken>x</h1>"
KINDS = Literal["text", "markup", "json", "html", "svg", "picture", "sound", "large", "bytes", "error", "slow"]

def picture():
    def part(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\\0" + bytes([40, 90, 200] * 32) for _ in range(32))
    head = struct.pack(">IIBBBBB", 32, 32, 8, 2, 0, 0, 0)
    parts = part(b"IHDR", head) + part(b"IDAT", zlib.compress(rows)) + part(b"IEND", b"")
    return b"\\x89PNG\\r\\n\\x1a\\n" + parts

def sound(path):
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1); out.setsampwidth(2); out.setframerate(8000)
        out.writeframes(b"\\0\\0" * 4000)

class Model:
    def run(self, kind: KINDS = "text"):
        folder = pathlib.Path(tempfile.mkdtemp())
        if kind in ("html", "svg"):
            space = "<svg xmlns='http://www.w3.org/2000/svg' width='40' height='40'><rect width='40' height='40'/>"
            (folder / ("page." + kind)).write_text(MARKUP if kind == "html" else space + "</svg>")
            return folder / ("page." + kind)
        if kind == "picture":
            (folder / "out.png").write_bytes(picture())
            return folder / "out.png"
        if kind == "sound":
            sound(folder / "out.wav")
            return folder / "out.wav"
        if kind == "bytes":
            (folder / "weights.bin").write_bytes(b"\\0" * 5000)
            return folder / "weights.bin"
        if kind == "error":
            raise ValueError(MARKUP)
        if kind == "slow":
            time.sleep(60)
        answers = {"text": "plain", "markup": MARKUP, "large": "0123456789" * 10_000_000}
        return answers.get(kind, {"markup": MARKUP, "large": 12345678901234567890, "list": [1.0, 2, None]})
"""

INPUTS = """
from typing import List, Literal, Optional
import jid

class Model(jid.Model):
    def run(
        self,
        text: str,
        file: jid.Path,
        count: int = jid.Input(3, description="how <b>many</b>", ge=1, le=10),
        big: int = 0,
        ratio: float = 0.5,
        loud: bool = False,
        choice: Literal["a b", "c", 7] = "c",
        maybe: Optional[int] = None,
        items: List[int] = None,
        anything: dict = None,
        note: str = "kept",
    ) -> dict:
        shown = {name: value for name, value in locals().items() if name not in ("self", "file")}
        return dict(shown, file=file.read_bytes().decode())
"""

STREAMS = """
import time
class Model:
    def run(self, items: int = 3, fail: bool = False):
        for number in range(items):
            yield "<i>item %d</i>" % number
            time.sleep(0.05)
        if fail:
            raise ValueError("out of items")
"""


def outputs() -> bytes:
    return zipped(model(OUTPUTS, name="tests/outputs", more="examples:\n  - input: {kind: markup}\n"))


def inputs() -> bytes:
    example = 'examples:\n  - input: {text: "it\'s; \\"so\\"", file: \'@some file.txt\', items: [1, 2], loud: true}\n'
    return zipped({**model(INPUTS, name="tests/inputs", more=example), "some file.txt": "in the file"})


def streams() -> bytes:
    return zipped(model(STREAMS, name="tests/streams"))
