"""Small packages for the tests: files in, a zip out."""

from __future__ import annotations

import io
import uuid
import zipfile
from collections.abc import Mapping

from modelserver.config import Config, Environment, ModelName
from modelserver.package import Package, PackageID

HELLO = """
class Model:
    def run(self, text: str = "world") -> str:
        return "hello " + text
"""
FAILING = """
class Model:
    def run(self, text: str = "world") -> str:
        raise ValueError("out of cheese")
"""
SLEEPING = """
import time
class Model:
    def run(self, text: str = "world") -> str:
        time.sleep(3600)
        return text
"""


def zipped(files: Mapping[str, str | bytes]) -> bytes:
    """A zip of these files, deflated."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in files.items():
            archive.writestr(path, content)
    return target.getvalue()


def model(code: str = HELLO, *, name: str = "tests/hello", more: str = "", salt: str = "") -> dict[str, str | bytes]:
    """A package's files: infer.py with this code, and a jid.yaml. salt: makes the content another one."""
    return {"jid.yaml": f"name: {name}\nmodel: infer.py:Model\n{more}", "infer.py": code + (salt and f"# {salt}\n")}


def record(number: int = 0, *, name: str = "tests/hello", upload: str = "", architecture: str = "cpu") -> Package:
    """A package as the catalog would record it; each number another content, and a later one."""
    environment = Environment(python_version="3.11", architectures=(architecture,))  # type: ignore[arg-type]
    return Package(
        id=PackageID(f"{number:040x}"),
        config=Config(ModelName(name), "infer.py:Model", environment),
        created=f"2026-01-01T00:00:{number // 1_000_000:02}.{number % 1_000_000:06}Z",
        size=1,
        sha256="0" * 64,
        upload=upload or uuid.uuid4().hex,
        build=uuid.uuid4().hex,
    )
