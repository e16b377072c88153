"""The environment as one frozen dataclass. Nothing else reads os.environ."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

from modelserver.config import PYTHONS
from modelserver.errors import Misconfigured

_PREFIX = "MODELSERVER_"
_CHOICES = {"engine": ("auto", "docker", "process"), "python": PYTHONS}
_MAY_BE_NONE = ("sweep_after", "heal_after", "max_wait")
_SHORTEST, _LONGEST = 0.001, 1e9  # what waits in Python's threading take
_DIGITS = 18


@dataclass(frozen=True)
class Settings:
    """Every setting of the control plane. The variable is MODELSERVER_ and the field, upper case.

    Sizes are bytes, times are seconds. python: the version for packages that say none; "" for this server's own.
    """

    data: Path = Path(".modelserver")
    token: str = ""
    max_upload: int = 10 * 1024**3
    max_direct: int = 10 * 1024**3
    max_entries: int = 100_000
    max_unpacked: int = 50 * 1024**3
    max_ratio: int = 200
    python: str = ""
    facts: Path | None = None
    engine: str = "auto"
    registry: str = ""
    base_image_prefix: str = ""
    package_index: str = ""
    builds: int = 2
    build_timeout: float = 1800.0
    test_timeout: float = 300.0
    test_memory: int = 4 * 1024**3
    test_processes: int = 256
    test_disk: int = 1024**3
    sweep_after: float = 86_400.0
    heal_after: float = 120.0
    max_wait: float = 86_400.0
    max_waiting: int = 128
    project: str = ""
    location: str = ""
    bucket: str = ""
    logs_bucket: str = ""
    database: str = ""
    build_service_account: str = ""
    build_endpoint: str = ""
    cache_registry: str = ""

    def need(self, name: str) -> str:
        """A setting that has no default. Raises Misconfigured with the variable's name."""
        value = getattr(self, name)
        if not value:
            raise Misconfigured(f"{_PREFIX}{name.upper()} is not set.")
        return str(value)

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """An empty variable is one that is not set.

        Raises Misconfigured naming each variable that cannot be used, and what it should hold.
        """
        values: dict[str, object] = {}
        wrong: list[str] = []
        for field in fields(cls):
            text = environment.get(_PREFIX + field.name.upper())
            if not text:
                continue
            try:
                values[field.name] = _parse(field.name, str(field.type), text)
            except ValueError as error:
                wrong.append(f"{_PREFIX}{field.name.upper()}={text!r}: say {error}.")
        if wrong:
            raise Misconfigured(" ".join(wrong))
        return cls(**values)  # type: ignore[arg-type]


def _parse(name: str, kind: str, text: str) -> object:
    """Raises ValueError with what the setting may be."""
    if name in _CHOICES and text not in _CHOICES[name]:
        raise ValueError(f"{', '.join(_CHOICES[name][:-1])} or {_CHOICES[name][-1]}")
    if kind == "int":
        return _whole(text)
    if kind == "float":
        return _seconds(text, 0.0 if name in _MAY_BE_NONE else _SHORTEST)
    return Path(text) if kind.startswith("Path") else text


def _whole(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _DIGITS and int(text) > 0):
        raise ValueError("a whole number from 1 on")
    return int(text)


def _seconds(text: str, least: float) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= _LONGEST:
        raise ValueError(f"a number of seconds from {least:g} to {_LONGEST:g}")
    return value


_TOOLS = (
    "PATH",
    "HOME",
    "LANG",
    "TMPDIR",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
    "XDG_CACHE_HOME",
    "XDG_DATA_HOME",
)


def tools(environment: Mapping[str, str]) -> dict[str, str]:
    """What a build tool may see of the environment: where things are, the index, proxies; no secret of ours."""
    return {
        name: value
        for name, value in environment.items()
        if name in _TOOLS or name.startswith("UV_") or name.lower().endswith("_proxy")
    }
