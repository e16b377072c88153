"""The front door: the local server as functions-framework serves it, over a folder of its own."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from functions_framework import create_app
from werkzeug.test import Client, TestResponse

from tests.parts import Part, met

ROOT = Path(__file__).resolve().parents[2]

Serve = Callable[..., Client]


class Curl(Client):
    """Reads each answer to its end and closes it, as curl does."""

    def open(self, *arguments: Any, **options: Any) -> TestResponse:
        return super().open(*arguments, **{"buffered": True, **options})


@pytest.fixture
def serve(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Serve]:
    """serve(TOKEN="...") starts the server with these settings; it ends with the test."""
    environment, handlers = dict(os.environ), logging.root.handlers[:]
    opened: list[object] = []

    def start(**settings: str) -> Client:
        chosen = {"DATA": str(tmp_path / "data"), "ENGINE": "process", **settings}
        for name, value in chosen.items():
            monkeypatch.setenv(f"MODELSERVER_{name}", value)
        met(Part.FRAMEWORK)
        application = create_app(target="api", source=str(ROOT / "local" / "main.py"))  # type: ignore[no-untyped-call]
        opened.append(sys.modules["main"])
        return Curl(application)

    yield start
    for module in opened:
        if module._open.cache_info().currsize:  # type: ignore[attr-defined]
            module.house().close()  # type: ignore[attr-defined]
    os.environ.clear()
    os.environ.update(environment)
    logging.root.handlers[:] = handlers


@pytest.fixture
def server(serve: Serve) -> Client:
    return serve()
