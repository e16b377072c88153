"""The functions, in an instance that dies at one step of its work, as with kill -9.

STUMBLE says where: "before storage.keep", "after engine._builds.create": a port, and one of its methods.
"""

from __future__ import annotations

import importlib.util
import os
import signal
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

_FUNCTIONS = Path(__file__).parents[3] / "functions"


def _root() -> Any:
    """functions/main.py, whose ports will stumble."""
    sys.path.insert(0, str(_FUNCTIONS))
    spec = importlib.util.spec_from_file_location("google_root", _FUNCTIONS / "main.py")
    assert spec and spec.loader
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    ports = module._ports
    module._ports = cache(lambda: _stumbling(ports(), os.environ["STUMBLE"]))
    return module


def _stumbling(ports: Any, where: str) -> Any:
    when, _, place = where.partition(" ")
    *path, method = place.split(".")
    part = ports
    for name in path:
        part = getattr(part, name)
    setattr(part, method, _dying(getattr(part, method), when))
    return ports


def _dying(work: Callable[..., Any], when: str) -> Callable[..., Any]:
    def die(*arguments: Any, **options: Any) -> None:
        if when == "after":
            work(*arguments, **options)
        os.killpg(os.getpgrp(), signal.SIGKILL)

    return die


_main = _root()
upload = _main.upload
on_build = _main.on_build
delete_package = _main.delete_package
