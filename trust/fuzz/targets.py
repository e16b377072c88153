"""What is fuzzed: one function each, which takes any bytes and raises when a promise is broken.

The promises: nothing is raised but a refusal, and what is accepted is read alike by another reader of the format.
"""

from __future__ import annotations

import io
import json
import re
import zipfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from werkzeug.formparser import MultiPartParser
from werkzeug.http import parse_options_header

from modelserver.archive import Limits, open_archive
from modelserver.config import Config
from modelserver.errors import BadRequest, InvalidPackage, NoFile
from modelserver.http.formdata import file_part
from modelserver.jidfile import parse
from modelserver.memory import MemoryReader
from modelserver.requirements import check_requirements
from modelserver.zips.member import is_litter
from trust.fuzz import seeds

_LIMITS = Limits(entries=1000, unpacked=4 * 1024**2, ratio=200)


@dataclass(frozen=True)
class Target:
    """one: takes a case. seeds: good and bad ones to begin with. longest: bytes of a case."""

    one: Callable[[bytes], None]
    seeds: Callable[[], Iterable[bytes]]
    longest: int
    tokens: tuple[str, ...] = ()


def archive(data: bytes) -> None:
    """A zip. What is accepted has the same files for Python's own reader."""
    try:
        opened = open_archive(MemoryReader(data), _LIMITS)
        opened.tree_id(1)
    except InvalidPackage as refused:
        _is_a_refusal(refused)
        return
    ours = sorted((file.size, file.crc, b"".join(opened.stream(file))) for file in opened.files)
    try:
        theirs = sorted(_theirs(data))
    except (zipfile.BadZipFile, NotImplementedError):  # it takes fewer: other versions, empty extra fields
        return
    if ours != theirs:
        raise AssertionError(f"Python reads {len(theirs)} files otherwise")


def _theirs(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    with zipfile.ZipFile(io.BytesIO(data)) as other:
        for info in other.infolist():
            if not (info.is_dir() or is_litter(info.filename.encode())):
                yield info.file_size, info.CRC, other.read(info)


def config(data: bytes) -> None:
    """A jid.yaml. What is accepted is JSON, and comes back from it as it was."""
    try:
        found = parse(data, frozenset({"infer.py", "requirements.txt"}))
    except InvalidPackage as refused:
        _is_a_refusal(refused)
        return
    text = json.dumps(found.to_json(), allow_nan=False)
    text.encode()
    if Config.from_json(json.loads(text)) != found:
        raise AssertionError("the config is another one after JSON")


def requirements(data: bytes) -> None:
    """A requirements file."""
    try:
        check_requirements("requirements.txt", data.decode())
    except UnicodeDecodeError:
        return
    except InvalidPackage as refused:
        _is_a_refusal(refused)


def form(data: bytes) -> None:
    """A multipart form after its Content-Type: however it is cut into pieces, it says the same."""
    kind, _, body = data.partition(b"\n")
    content_type = kind.decode("latin-1")
    whole = _file(content_type, body, len(body) + 1)
    for length in (1 + len(body) // 3, 7):
        if _file(content_type, body, length) != whole:
            raise AssertionError(f"in pieces of {length} bytes the form says something else")
    if whole is not None and _werkzeugs(content_type, body) not in (None, whole):
        raise AssertionError("Werkzeug reads another file in the form")


def _file(content_type: str, body: bytes, length: int) -> bytes | None:
    """The file in the form, or None if the form is refused."""
    try:
        return b"".join(file_part(_Pieces(body, length), content_type, "file"))
    except (BadRequest, NoFile):
        return None


class _Pieces:
    """A stream that gives so many bytes at a time."""

    def __init__(self, data: bytes, length: int) -> None:
        self._stream = io.BytesIO(data)
        self._length = length

    def read(self, size: int, /) -> bytes:
        return self._stream.read(min(size, self._length))


def _werkzeugs(content_type: str, body: bytes) -> bytes | None:
    """What Werkzeug reads; None if nothing, or if the form has line breaks that only Werkzeug takes for some.

    An empty file that ends where its headers do is nothing too: others read on to the next boundary.
    """
    boundary = parse_options_header(content_type)[1].get("boundary", "").encode()
    if re.search(rb"(?:(?<!\r)\n|\r)--" + re.escape(boundary), body):
        return None
    try:
        _, files = MultiPartParser(lambda *_, **__: io.BytesIO()).parse(io.BytesIO(body), boundary, len(body))
        (file,) = files.getlist("file")
    except ValueError:
        return None
    content: bytes = file.read()
    return content or None


def _is_a_refusal(refused: InvalidPackage) -> None:
    """It names what is wrong and what to do, and it can be sent."""
    if not refused.faults or not all(fault.code and fault.detail and fault.hint for fault in refused.faults):
        raise AssertionError(f"a refusal that says nothing: {refused.faults}")
    json.dumps(refused.to_json()).encode()


TARGETS = {
    "archive": Target(
        archive, seeds.zips, 4096, ("PK\x01\x02", "PK\x03\x04", "PK\x05\x06", "PK\x06\x06", "PK\x06\x07")
    ),
    "config": Target(config, seeds.configs, 2048, ("<<: ", "&a ", "*a", "!!int ", "---\n", "%YAML 1.1", "\\ud800")),
    "requirements": Target(
        requirements, seeds.requirements, 1024, ("--index-url ", "-r ", "${A}", "; ", " @ ", "git+")
    ),
    "form": Target(form, seeds.forms, 2048, ("\r\n--b\r\n", "--b--", 'name="file"', "Content-Disposition: ")),
}
