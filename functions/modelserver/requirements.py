"""A requirements file of a package, held to the part of pip's format that reaches nothing but package indexes.

The format is a command line of pip on disk (pip.pypa.io/en/stable/reference/requirements-file-format). pip and uv read
it differently at the edges, so this is a grammar of what both read alike; whatever it does not know is refused.

Taken: requirements (PEP 508), ranges too; https URLs, of git as well; hashes; other indexes and link pages by
http(s). Those are no more of a risk than the model's own code, and PyTorch needs them. Refused: whatever names a file,
`-r other.txt` of the package included, as an image is built with the one file, and what is in others would escape
completion; variables, which pip and uv fill in from the server's environment; options that weaken the transport.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from modelserver.errors import Fault
from modelserver.faults import Faults

_BREAKS = re.compile(r"\r\n|\r|\n")
_COMMENT = re.compile(r"(?:^|\s)#.*")
# str.splitlines, which pip uses, ends lines at these too; uv does not.
_UNCLEAR = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\x85\u2028\u2029]")
_CODING = re.compile(r"[ \t\f]*#.*?coding[:=][ \t]*(?!utf-?8\b)[-\w.]+", re.ASCII | re.IGNORECASE)  # PEP 263
_LONGEST = 2000
_HASH = re.compile(r"--hash[= ]\s*(?:sha256|sha384|sha512):[0-9a-fA-F]{64,128}", re.ASCII)
_URL = re.compile(r"https?://[A-Za-z0-9._:@%\[\]-]+(?:/[^\s'\"\\]*)?", re.ASCII)
_SOURCE = re.compile(rf"(?:git\+)?{_URL.pattern}", re.ASCII)
_ARCHIVE = re.compile(r"\.(?:whl|zip|tgz|tbz|txz|tlz|tar(?:\.\w+)?)$", re.ASCII | re.IGNORECASE)
_INDEXES = ("-i", "--index-url", "--extra-index-url", "-f", "--find-links")
_FORMATS = ("--no-binary", "--only-binary")
_FLAGS = ("--pre", "--prefer-binary", "--require-hashes", "--no-index")
_FORMAT_NAMES = re.compile(r"[A-Za-z0-9._,:-]+", re.ASCII)
_REFERENCES = re.compile(r"-r|-c|--requirement\b|--constraint\b", re.ASCII)
_MERGE = "write its lines into this file"
_LEAVE_OUT = "leave it out"


@dataclass(frozen=True)
class Line:
    """A logical line without its comment. number: 1-based, of its first physical line."""

    number: int
    text: str


def check_requirements(path: str, text: str) -> None:
    """Raises InvalidPackage with every line that is refused. path: of the file, in the package."""
    faults = Faults()
    faults.add(_unclear(path, text))
    for line in logical_lines(text):
        if wrong := _wrong(line.text):
            faults.add([Fault(path, *wrong, line=line.number)])
    faults.settle(path)


def logical_lines(text: str) -> Iterator[Line]:
    """Those that say something: continued ones joined, comments left out."""
    joined, first = "", 0
    for number, physical in enumerate(_BREAKS.split(text.removeprefix("\ufeff")), 1):
        bare = _COMMENT.sub("", physical)
        first = first or number
        joined += bare.removesuffix("\\") + " "
        if bare.endswith("\\"):
            continue
        if joined.strip():
            yield Line(first, joined.strip())
        joined, first = "", 0
    if joined.strip():
        yield Line(first, joined.strip())


def _unclear(path: str, text: str) -> Iterator[Fault]:
    """Lines that some read otherwise than others."""
    for number, line in enumerate(_BREAKS.split(text), 1):
        if _UNCLEAR.search(line):
            detail = "the line holds a control character"
        elif number <= 2 and _CODING.match(line):
            detail = "the comment names another encoding than UTF-8"
        elif line.endswith("\\") and _COMMENT.search(line):
            detail = "the comment ends in a backslash"
        else:
            continue
        yield Fault(path, "INVALID_REQUIREMENT", detail, _LEAVE_OUT, number)


Wrong = tuple[str, str, str]


def _wrong(text: str) -> Wrong | None:
    """Code, detail and hint of what is refused about a logical line."""
    shown = repr(text[:100])
    if "${" in text:
        return "VARIABLE", f"{shown} asks for a variable of the server", "write the value itself"
    if _REFERENCES.match(text):
        return "OTHER_FILE", f"{shown} names another file; only this one is read", _MERGE
    if text.startswith("-"):
        return _wrong_options(text)
    requirement, *options = re.split(r"\s+(?=-)", text)
    if any(not _HASH.fullmatch(option) for option in options):
        return "OPTION", f"{shown} has an option; --hash alone is taken here", _LEAVE_OUT
    return _wrong_source(requirement) if _SOURCE.fullmatch(requirement) else _wrong_requirement(requirement)


def _wrong_options(text: str) -> Wrong | None:
    words = text.replace("=", " ", 1).split() if text.startswith("--") else text.split()
    match words:
        case [name, value] if name in _INDEXES and _URL.fullmatch(value):
            return None
        case [name, value] if name in _FORMATS and _FORMAT_NAMES.fullmatch(value):
            return None
        case [name] if name in _FLAGS:
            return None
        case [name, *_] if name in _INDEXES:
            return "LOCAL_FILE", f"{text[:100]!r} is not {name} with one http(s) URL", f"write {name} https://..."
        case [name, *_] if name.startswith(("-e", "--e")):
            return "LOCAL_FILE", f"{text[:100]!r} is no package of an index", "put the code beside the model instead"
    return "OPTION", f"the option {text[:100]!r} is not taken", f"{_LEAVE_OUT}; one option a line"


def _wrong_requirement(text: str) -> Wrong | None:
    from packaging.requirements import InvalidRequirement, Requirement  # few packages have a file of requirements

    try:
        parsed = Requirement(text) if len(text) <= _LONGEST else None
    except (InvalidRequirement, RecursionError):
        parsed = None
    local = parsed is None and re.match(r"[./~\\]|file:|[\w.+-]+/|[A-Za-z]:", text)
    if local or (parsed and _ARCHIVE.search(parsed.name)):
        return "LOCAL_FILE", f"{text[:100]!r} is a file, not a package of an index", "name a package, or its https URL"
    if parsed is None:
        return "INVALID_REQUIREMENT", f"{text[:100]!r} is no requirement", "write it as name==version"
    return _wrong_source(parsed.url) if parsed.url else None


def _wrong_source(url: str) -> Wrong | None:
    if _SOURCE.fullmatch(url):
        return None
    return "LOCAL_FILE", f"{url[:100]!r} is no http(s) URL", "name a package of an index, or its https URL"
