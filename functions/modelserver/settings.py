"""The environment as one frozen dataclass. Nothing else reads os.environ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path

_PREFIX = "MODELSERVER_"


@dataclass(frozen=True)
class Settings:
    """Every setting of the control plane. The variable is MODELSERVER_ and the field, upper case.

    Sizes are bytes, times are seconds.
    """

    data: Path = Path(".modelserver")
    token: str = ""
    max_upload: int = 10 * 1024**3
    max_entries: int = 100_000
    max_unpacked: int = 50 * 1024**3
    max_ratio: int = 200
    python: str = "3.12"
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

    @classmethod
    def from_environment(cls, environment: Mapping[str, str]) -> Settings:
        """Raises ValueError naming each variable that cannot be read, and what it should hold."""
        values: dict[str, object] = {}
        wrong: list[str] = []
        for field in fields(cls):
            text = environment.get(_PREFIX + field.name.upper())
            if text is None:
                continue
            try:
                values[field.name] = _parse(str(field.type), text)
            except ValueError:
                wrong.append(f"{_PREFIX}{field.name.upper()}={text!r} is not of type {field.type}")
        if wrong:
            raise ValueError("; ".join(wrong))
        return cls(**values)  # type: ignore[arg-type]


def _parse(kind: str, text: str) -> object:
    if kind == "int":
        return int(text)
    if kind == "float":
        return float(text)
    return Path(text) if kind.startswith("Path") else text
