"""A config as it was completed, row by row, each value with the reason where the server chose it."""

from __future__ import annotations

from dataclasses import dataclass

from modelserver.config import Config
from modelserver.jsontypes import JSON
from modelserver.package import Package


@dataclass(frozen=True)
class Row:
    """One value. because: why the server chose it; "" where the author did."""

    key: str
    value: str
    because: str


def rows(package: Package) -> list[Row]:
    """The keys of jid.yaml that have a value, in its order."""
    reasons: dict[str, list[str]] = {}
    for each in package.completion:
        reasons.setdefault(each.path, []).append(each.because)
    return [Row(key, value, "; ".join(reasons.get(path, ()))) for key, path, value in _values(package.config) if value]


def _values(config: Config) -> list[tuple[str, str, str]]:
    environment = config.environment
    named: list[tuple[str, str, JSON]] = [
        ("python_version", "PythonVersion", environment.python_version),
        ("python_requirements", "PythonRequirements", environment.python_requirements),
        ("python_packages", "PythonPackages", list(environment.python_packages or ())),
        ("system_packages", "SystemPackages", list(environment.system_packages or ())),
        ("architectures", "Architectures", list(environment.architectures)),
        ("cuda", "CUDA", environment.cuda),
        ("cudnn", "CuDNN", environment.cudnn),
    ]
    return [
        ("name", "Name", str(config.name)),
        ("model", "Model", config.model),
        *((key, f"Environment.{path}", _text(value)) for key, path, value in named),
    ]


def _text(value: JSON) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else "" if value is None else str(value)
