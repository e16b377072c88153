"""Packages to measure with: a zip of one large file, or of many small ones. None of them can be compressed for free."""

from __future__ import annotations

import os
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from random import Random

MIB = 1024**2
_BLOCK = 16
# The extra fields that Info-ZIP's zip gives to each file: UT (5 bytes) and ux (11).
_TIMES_AND_OWNER = struct.pack("<2sHBL2sHBBLBL", b"UT", 5, 1, 1_700_000_000, b"ux", 11, 1, 4, 1000, 4, 1000)
_CONFIG = "name: bench/package\nmodel: infer.py:Model\n"
_HELLO = """model: infer.py:Model
examples:
  - input: {}
    output: hello world
  - input: {text: you, times: 3}
    output: hello you you you
"""
_SAY = """class Model:
    def run(self, text: str = "world", times: int = 1) -> str:
        return " ".join(["hello"] + [text] * times)
"""
_CODE = "class Model:\n    def run(self):\n        return 'ok'\n"


def stored(path: Path, mebibytes: int) -> Path:
    """A zip with one stored file of random bytes."""
    with _package(path, zipfile.ZIP_STORED) as archive, archive.open("weights.bin", "w", force_zip64=True) as file:
        for _ in range(mebibytes):
            file.write(os.urandom(MIB))
    return path


def deflated(path: Path, beside: Path, mebibytes: int) -> Path:
    """A zip with one file of text that deflates to about a quarter; `beside` is that file, not zipped."""
    with (
        _package(path, zipfile.ZIP_DEFLATED) as archive,
        archive.open("text.txt", "w", force_zip64=True) as file,
        beside.open("wb") as plain,
    ):
        for block in _blocks(mebibytes):
            file.write(block)
            plain.write(block)
    return path


def hello(path: Path, name: str, package: str = "", python: str = "", line: str = "") -> Path:
    """A package that says hello, zipped."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for inside, text in hello_files(name, package, python, line).items():
            archive.writestr(inside, text)
    return path


def hello_files(name: str, package: str, python: str, line: str) -> dict[str, str]:
    """Its files by path: examples/hello without its library. package: one pin, or ""; line: of code, at the end."""
    keys = {"python_packages": package and f"[{package}]", "python_version": python and f'"{python}"'}
    said = [f"  {key}: {value}\n" for key, value in keys.items() if value]
    config = "".join([f"name: {name}\n", _HELLO, *(["environment:\n"] if said else []), *said])
    imports = f"import {package.partition('==')[0]}\n\n\n" if package else ""
    return {"jid.yaml": config, "infer.py": imports + _SAY + line}


def small_files(path: Path, count: int) -> Path:
    """A zip of so many deflated files of 0 to 4 KiB of text, a thousand in each folder, as `zip -r` makes it."""
    chance, words = Random(0), text(1)
    with _package(path, zipfile.ZIP_DEFLATED) as archive:
        for number in range(count):
            at, length = chance.randrange(MIB // 2), chance.randrange(4096)
            info = zipfile.ZipInfo(f"data/{number // 1000}/{number}.txt")
            info.extra, info.external_attr, info.compress_type = _TIMES_AND_OWNER, 0o100644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(info, words[at : at + length])
    return path


def text(mebibytes: int) -> bytes:
    """So much text that deflates to about a quarter, no two lines alike."""
    lines = (b"%d: of %x models, %x passed\n" % (n, n * 2654435761 & 0xFFFFFFFF, n * 40503) for n in range(1 << 40))
    found = bytearray()
    while len(found) < mebibytes * MIB:
        found += next(lines)
    return bytes(found[: mebibytes * MIB])


def _package(path: Path, method: int) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(path, "w", method)
    archive.writestr("jid.yaml", _CONFIG)
    archive.writestr("infer.py", _CODE)
    return archive


def _blocks(mebibytes: int) -> Iterator[bytes]:
    """The same few MiB again and again: deflate looks back no further than 32 KiB."""
    block = text(min(mebibytes, _BLOCK))
    for at in range(0, mebibytes, _BLOCK):
        yield block[: (mebibytes - at) * MIB]
