"""The local root: files, SQLite and an engine of this machine, plugged into the same program.

Serve it with `python -m local`, or with
`functions-framework --source local/main.py --target api`.
"""

from __future__ import annotations

import sys
import threading
from functools import cache
from pathlib import Path

# functions-framework puts only this file's own folder on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import os  # noqa: E402

from werkzeug.wrappers import Request, Response  # noqa: E402

from local.house import House  # noqa: E402
from modelserver.app import handle  # noqa: E402
from modelserver.endpoints import Services  # noqa: E402
from modelserver.settings import Settings, tools  # noqa: E402

_OPENING = threading.Lock()


@cache
def house() -> House:
    """Opened at the first request: not in the process that functions-framework forks its workers from."""
    return House.open(Settings.from_environment(os.environ), tools(os.environ))


def services() -> Services:
    with _OPENING:
        return house().services


def api(request: Request) -> Response:
    return handle(request, services)
