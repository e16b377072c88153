"""What is refused in local mode is refused on Google, with the same words: the very same tests."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator

import pytest
from werkzeug.test import Client

from modelserver.gcp.objects import Objects
from tests.cloud.doors import function, restored, serve
from tests.http import test_bad_input

__all__ = ["function", "restored", "serve"]


@pytest.fixture
def untouched(serve: Callable[..., Client], bucket: str) -> Iterator[Client]:
    """The functions, and afterwards the proof that nothing was stored or recorded."""
    server = serve()
    yield server
    assert server.get("/v1/packages/?status=any").get_json() == []
    assert list(Objects(bucket).listed("")) == []


def _builds_nothing(test: object) -> bool:
    """Those that build something need an engine, which no function has in its own process."""
    asked = inspect.signature(test).parameters if inspect.isfunction(test) else {}
    return "untouched" in asked or ("serve" in asked and "code" not in asked)


globals().update(
    {name: test for name, test in vars(test_bad_input).items() if name.startswith("test_") and _builds_nothing(test)}
)
