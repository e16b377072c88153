"""jid: what a model's code imports, and the server that runs it.

A model is a class with `run(self, ...)` and, where there is something to load, `setup(self)`:

    import jid

    class Model(jid.Model):
        def run(self, text: str, times: int = jid.Input(1, ge=1, le=10)) -> str:
            return " ".join([text] * times)
"""

import sys
from typing import TYPE_CHECKING, Any

from jid.model import Input, Model

if TYPE_CHECKING or sys.version_info < (3, 7):
    from jid.path import Path

__all__ = ["Input", "Model", "Path"]


def __getattr__(name: str) -> Any:
    """Path, once somebody asks for it (PEP 562); the server's process never does."""
    if name == "Path":
        from jid.path import Path

        return Path
    raise AttributeError("module {!r} has no attribute {!r}".format(__name__, name))
