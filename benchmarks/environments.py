"""Environments of the peers, each its own, made once: $BENCH_DIR, by default ~/.cache/modelserver-bench."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from uv import find_uv_bin

from benchmarks.work import Missing


def home() -> Path:
    return Path(os.environ.get("BENCH_DIR") or Path.home() / ".cache" / "modelserver-bench")


def installed(package: str, *further: str) -> Path:
    """The folder of an environment with these requirements. Raises Missing where they cannot be had."""
    place = home() / package
    if not (place / "done").exists():
        print(f"installing {package} (once) ...", file=sys.stderr, flush=True)
        _uv(package, "venv", "--clear", "--python", sys.executable, str(place))
        _uv(package, "pip", "install", "--python", str(place / "bin" / "python"), package, *further)
        (place / "done").touch()
    return place


def _uv(package: str, *words: str) -> None:
    done = subprocess.run([find_uv_bin(), "--quiet", *words], capture_output=True, text=True)
    if done.returncode:
        last = " ".join(done.stderr.split())[-300:]
        raise Missing(f"{package} could not be installed in {home()}: see that a package index can be reached ({last})")
