"""Commands to copy: a call with curl, how to get a package, and how to check that it is the right one.

While somebody edits the run form, assets/call.js writes the call anew, here and in Python.
"""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass

from modelserver.package import Artifact, Package
from modelserver.pages.fields import Field, Filling

_BEARER = '-H "Authorization: Bearer $MODELSERVER_TOKEN"'
# curl's -F reads @file, <file, ;type= and quotes in a value; what has none of these means itself.
_PLAIN = re.compile(r"[^@<\";][^;\"]*")

_WIDTH = 48  # characters


@dataclass(frozen=True)
class Line:
    """One thing to copy. title: what it does."""

    title: str
    text: str


def curl_call(address: str, fields: list[Field], filling: Filling, token: bool) -> str:
    """The call of a model, as its form sends it."""
    words = [word for field in fields if field.name and (word := _part(field.name, filling))]
    head = " ".join(["curl" if words else "curl -X POST", *([_BEARER] if token else []), address])
    return " \\\n  ".join([head, *_gathered(words)])


def _part(name: str, filling: Filling) -> str:
    """One input as a part of curl's form; "" if the filling says nothing of it."""
    if name in filling.files:
        return f"-F {shlex.quote(f'{name}=@{filling.files[name]}')}"
    if name in filling.texts:
        text = filling.texts[name]
        return f"{_flag(text)} {shlex.quote(f'{name}={text}')}"
    return ""


def artifact_lines(artifact: Artifact) -> list[Line]:
    """How to run what was built: by tag, and pinned by its digest once it is in a registry."""
    if artifact.uri.startswith("file://"):
        return [Line("Serve the model on port 5000", f"{artifact.uri.removeprefix('file://')}/jid serve --port 5000")]
    gpu = "--gpus all " if artifact.target.endswith("gpu") else ""
    run = Line("Serve the model on port 5000", f"docker run --rm -p 5000:5000 {gpu}{artifact.uri}")
    if not artifact.digest:
        return [run]
    pinned = f"{artifact.uri.rpartition(':')[0]}@{artifact.digest}"
    return [
        Line("Pull the image", f"docker pull {artifact.uri}"),
        Line("Pull these very bytes", f"docker pull {pinned}"),
        run,
    ]


def package_lines(origin: str, package: Package, token: bool) -> list[Line]:
    bearer = f" {_BEARER}" if token else ""
    at = f"{origin}/v1/packages/{package.id}"
    return [
        Line("All that is known, as JSON", f"curl{bearer} {at}"),
        Line("The zip, byte for byte", f"curl{bearer} -o {package.id[:12]}.zip {at}.zip"),
    ]


def proof_lines(package: Package) -> list[Line]:
    return [
        Line(f"In a clean git checkout of the model, this prints {package.id}", "git rev-parse HEAD:path/to/model"),
        Line("The zip is the one that was uploaded", f"echo '{package.sha256}  {package.id[:12]}.zip' | sha256sum -c"),
    ]


def badge_line(origin: str, package: Package) -> Line:
    name = package.config.name
    badge = f"[![{name}]({origin}/v1/models/{name}/badge.svg)]({origin}/v1/models/{name})"
    return Line("A badge for a README, which leads to the newest of this name", badge)


def first_package(origin: str, token: bool) -> list[str]:
    """From an empty folder to a published package, in three commands."""
    bearer = f" {_BEARER}" if token else ""
    return [
        "printf 'name: me/hello\\nmodel: infer.py:Model\\n' > jid.yaml",
        'printf \'class Model:\\n    def run(self, text: str = "world") -> str:\\n'
        '        return "hello " + text\\n\' > infer.py',
        f"zip -q hello.zip jid.yaml infer.py && curl{bearer} -F file=@hello.zip {origin}/v1/packages/upload",
    ]


def upload_lines(origin: str, token: bool) -> list[Line]:
    """With the command of this repository, and with curl alone."""
    bearer = f" {_BEARER}" if token else ""
    return [
        Line("With the command, in the folder that holds jid.yaml", f"modelserver push --url {origin} ."),
        Line("Or with curl alone: zip the folder that holds jid.yaml", "zip -qr ../model.zip ."),
        Line(
            "… and upload it; this waits for the build and prints the package",
            f"curl{bearer} -F file=@../model.zip {origin}/v1/packages/upload",
        ),
    ]


def _flag(text: str) -> str:
    return "-F" if not text or _PLAIN.fullmatch(text) else "--form-string"


def _gathered(words: list[str]) -> list[str]:
    """Lines of as many words as fit."""
    lines: list[str] = []
    for word in words:
        if lines and len(lines[-1]) + len(word) < _WIDTH:
            lines[-1] += f" {word}"
        else:
            lines.append(word)
    return lines
