"""What each text of jid.yaml may be. Each rule returns None, or what is wrong and how to cure it.

Grammars, not blacklists: fullmatch and ASCII, so that no newline, quote or full-width digit gets on.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from modelserver.config import PYTHONS, ModelName
from modelserver.jidyaml.tree import shown
from modelserver.pins import Pin

_COMPONENT = r"[A-Za-z0-9_.@+-](?:[A-Za-z0-9_.@+ -]{0,198}[A-Za-z0-9_.@+-])?"
_PATH = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT}){{0,40}}", re.ASCII)
_CLASS = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,99}", re.ASCII)
_VERSION = re.compile(r"\d{1,4}(?:\.\d{1,4}){0,2}", re.ASCII)
_DEBIAN_NAME = r"[a-z0-9](?:[a-z0-9+.-]{0,98}(?:[a-z0-9]|\+\+))"
_DEBIAN_VERSION = r"(?:\d{1,6}:)?\d[A-Za-z0-9.+~-]{0,100}"
_DEBIAN = re.compile(rf"{_DEBIAN_NAME}(?:={_DEBIAN_VERSION})?", re.ASCII)


@dataclass(frozen=True)
class Wrong:
    """Why a text is refused. code: UPPER_SNAKE; hint: the cure."""

    code: str
    detail: str
    hint: str


def name(text: str) -> Wrong | None:
    if ModelName.parse(text):
        return None
    better = re.sub(r"[^a-z0-9/]+", "-", text.lower()).strip("-/")
    hint = f"for example {better}" if ModelName.parse(better) else "for example andreas/scratch"
    detail = f"{shown(text)} is no image repository name: lower-case words and digits, with . _ - / between"
    return Wrong("INVALID_NAME", detail, hint)


def is_path(text: str) -> bool:
    """Whether a text is a relative path inside the package, in characters that mean nothing anywhere."""
    return bool(_PATH.fullmatch(text)) and not {".", ".."} & set(text.split("/"))


def path(text: str) -> Wrong | None:
    if is_path(text):
        return None
    detail = f"{shown(text)} is not a path inside the package (letters, digits and . _ - @ + between slashes)"
    return Wrong("INVALID_PATH", detail, "write it relative to jid.yaml, without .. and without a leading /")


def model(text: str) -> Wrong | None:
    file, colon, owner = text.rpartition(":")
    if colon and file.endswith(".py") and is_path(file) and _CLASS.fullmatch(owner):
        return None
    detail = f"{shown(text)} does not name a Python file of the package and a class in it"
    return Wrong("INVALID_MODEL", detail, "write it as infer.py:Model")


def python_version(text: str) -> Wrong | None:
    if text in PYTHONS:
        return None
    short = ".".join(text.split(".")[:2])
    hint = f'write "{short}"' if short in PYTHONS and short != text else 'for example "3.12"'
    return Wrong("INVALID_PYTHON_VERSION", f"{shown(text)} is none of {', '.join(PYTHONS)}", hint)


def python_package(text: str) -> Wrong | None:
    if Pin.parse(text):
        return None
    bare = re.match(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}", text, re.ASCII)
    if ";" in text or "@" in text or "://" in text or text.startswith(("-", ".", "/")) or bare is None:
        hint = "write name==version; markers, URLs and options belong into a file named in python_requirements"
        return Wrong("INVALID_PACKAGE", f"{shown(text)} is not name==version", hint)
    close = re.sub(r"\s+", "", text)
    if Pin.parse(close):
        return Wrong("INVALID_PACKAGE", f"{shown(text)} has a space in it", f"write {close}")
    detail = f"{shown(text)} does not name one version"
    return Wrong("UNPINNED_PACKAGE", detail, f"pin it: {bare[0]}==<version>")


def system_package(text: str) -> Wrong | None:
    if _DEBIAN.fullmatch(text):
        return None
    detail = f"{shown(text)} is no Debian package name (lower case, digits and + - . between; =version may follow)"
    return Wrong("INVALID_SYSTEM_PACKAGE", detail, "for example ffmpeg, or ffmpeg=7:5.1.6-0+deb12u1")


def architecture(text: str) -> Wrong | None:
    if text in ("cpu", "gpu"):
        return None
    return Wrong("INVALID_ARCHITECTURE", f"{shown(text)} is neither cpu nor gpu", "write cpu, gpu or both")


def cuda(text: str) -> Wrong | None:
    if _VERSION.fullmatch(text):
        return None
    return Wrong("INVALID_CUDA", f"{shown(text)} is no CUDA version", 'for example "12.8"')


def cudnn(text: str) -> Wrong | None:
    if _VERSION.fullmatch(text):
        return None
    return Wrong("INVALID_CUDNN", f"{shown(text)} is no cuDNN version", 'for example "9"')


def raised(text: str) -> Wrong | None:
    if text.strip():
        return None
    return Wrong("INVALID_ERROR", "the text of the error is empty", "write a part of the message run() raises with")
