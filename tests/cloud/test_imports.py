"""Which SDKs a function pays for: those of its ports, and no other."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_FUNCTIONS = Path(__file__).parents[2] / "functions"
_SDKS = ("google.cloud.storage", "google.cloud.firestore", "google.cloud.devtools", "google.cloud.pubsub", "docker")


def _imported(module: str) -> set[str]:
    """The SDKs among the modules that a fresh interpreter has after importing this one."""
    code = f"import sys, {module}; print(*sys.modules)"
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env={"PYTHONPATH": str(_FUNCTIONS)}, capture_output=True, text=True, check=True)
    loaded = done.stdout.split()
    return {sdk for sdk in _SDKS if any(name == sdk or name.startswith(f"{sdk}.") for name in loaded)}


@pytest.mark.parametrize(
    ("module", "sdks"),
    [
        ("modelserver.gcp", set()),
        ("modelserver.gcp.storage", {"google.cloud.storage"}),
        ("modelserver.gcp.sessions", {"google.cloud.storage"}),
        ("modelserver.gcp.firestore", {"google.cloud.firestore"}),
        ("modelserver.app", set()),
        ("modelserver.endpoints", set()),
        ("modelserver.uploads", set()),
        ("modelserver.memory", set()),
    ],
)
def test_a_module_imports_its_own_sdk_alone(module: str, sdks: set[str]) -> None:
    assert _imported(module) == sdks
