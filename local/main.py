"""The local root: files, SQLite and an engine of this machine, plugged into the same program.

Serve it with `python -m local`, or with
`functions-framework --source local/main.py --target api --host 127.0.0.1`.
"""

from __future__ import annotations

import sys
import threading
from functools import cache
from pathlib import Path

# functions-framework puts only this file's own folder on the path.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

import os

import functions_framework
from werkzeug.wrappers import Request, Response

from local.application import opened, respond
from local.house import House
from local.prctl import hide
from modelserver.app import stand_in_for
from modelserver.settings import Settings

_OPENING = threading.Lock()

stand_in_for(functions_framework.errorhandler)
hide()  # here, so that it holds for the process that workers are forked from too


@cache
def _open() -> House:
    return opened(Settings.from_environment(os.environ), os.environ)


def house() -> House:
    """Opened at the first request: not in the process that functions-framework forks its workers from."""
    with _OPENING:
        return _open()


def api(request: Request) -> Response:
    return respond(request, house)
