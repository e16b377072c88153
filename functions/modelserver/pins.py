"""Python packages pinned to one version, as jid.yaml and requirements files name them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from modelserver.requirements import logical_lines

_WORD = r"[A-Za-z0-9](?:[A-Za-z0-9._-]{0,98}[A-Za-z0-9])?"
_PIN = re.compile(rf"({_WORD})(?:\[({_WORD}(?:,{_WORD}){{0,20}})\])?==([0-9A-Za-z.!+_-]{{1,100}})", re.ASCII)
_MOST = 100
_LONGEST_MARKER = 300  # the parser of markers calls itself for each bracket
_LINUX = {
    "os_name": "posix",
    "sys_platform": "linux",
    "platform_system": "Linux",
    "platform_machine": "x86_64",
}


@dataclass(frozen=True)
class Pin:
    """One package in one version. name: normalised (PEP 503); text: as it was written; pointer: where."""

    name: str
    extras: tuple[str, ...]
    version: Version
    text: str
    pointer: str = ""

    @classmethod
    def parse(cls, text: str, pointer: str = "") -> Pin | None:
        """Reads `name==version` or `name[extra,extra]==version` (PEP 508, PEP 440), and nothing else."""
        match = _PIN.fullmatch(text)
        if match is None:
            return None
        try:
            version = Version(match[3])
        except InvalidVersion:
            return None
        return cls(canonicalize_name(match[1]), tuple((match[2] or "").split(",")), version, text, pointer)

    @property
    def requirement(self) -> str:
        """The name with its extras: "torch[opt-einsum]"."""
        return self.text.partition("==")[0]

    @property
    def label(self) -> str:
        """How errors and reasons call it: "torch 1.8.0"."""
        return f"{self.name} {self.version}"


def in_requirements(
    requirements: str, names: frozenset[str], pointer: str = "/environment/python_requirements"
) -> tuple[Pin, ...]:
    """The exact pins of these packages in a requirements file, as they hold on Linux; the first 100.

    Ranges, URLs and options are left to pip.
    """
    pins = (_pin(line, names, pointer) for line in _lines(requirements))
    return tuple(islice((pin for pin in pins if pin is not None), _MOST))


def _lines(requirements: str) -> Iterator[str]:
    """Logical lines, without options such as --hash."""
    for line in logical_lines(requirements):
        bare = re.split(r"(?:^|\s)--", line.text, maxsplit=1)[0].strip()
        if bare:
            yield bare


def _pin(line: str, names: frozenset[str], pointer: str) -> Pin | None:
    requirement, _, marker = line.partition(";")
    pin = Pin.parse(re.sub(r"\s+", "", requirement), pointer)
    return pin if pin and pin.name in names and _holds(marker.strip()) else None


def _holds(marker: str) -> bool:
    """Whether a marker holds on Linux, whatever the Python; one that is empty, too long or wrong holds."""
    if not 0 < len(marker) <= _LONGEST_MARKER:
        return True
    from packaging.markers import InvalidMarker, Marker, UndefinedEnvironmentName  # few pins have a marker

    try:
        parsed = Marker(marker)
        return any(parsed.evaluate(_LINUX | python) for python in _pythons())
    except (InvalidMarker, UndefinedEnvironmentName, InvalidVersion):
        return True


def _pythons() -> Iterator[dict[str, str]]:
    for minor in range(6, 15):
        yield {"python_version": f"3.{minor}", "python_full_version": f"3.{minor}.0"}
