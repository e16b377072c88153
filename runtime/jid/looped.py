"""asyncio, as the server's process loads and runs it."""

import sys
from typing import Any, Coroutine, Dict, TypeVar

from jid.settled import settle

_T = TypeVar("_T")


def _without_ssl() -> None:
    """Load asyncio as it loads where Python has no ssl, which takes 6 ms and 2 MB and is not for us to need.

    Whoever calls a webhook of https imports ssl itself, later.
    """
    held: Dict[str, Any] = {"ssl": sys.modules["ssl"]} if "ssl" in sys.modules else {}
    sys.modules["ssl"] = None  # type: ignore[assignment]  # what makes `import ssl` an ImportError
    try:
        import asyncio  # noqa: F401
    finally:
        del sys.modules["ssl"]
        sys.modules.update(held)


_without_ssl()

import asyncio  # noqa: E402


def looped(work: "Coroutine[Any, Any, _T]") -> _T:
    """asyncio.run, which Python 3.6 does not have."""
    settle()
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()
        asyncio.set_event_loop(None)
