"""How often something is tried again."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from modelserver_cli.failure import Failure

PAUSES = (0.5, 1.0, 2.0, 4.0, 8.0, 15.0, 30.0)  # seconds between tries that come to nothing; then it ends


class Patience:
    """So many tries in a row may come to nothing. say: told of each."""

    def __init__(self, say: Callable[[str], None], pauses: Sequence[float] = PAUSES) -> None:
        self._say = say
        self._pauses = pauses
        self._left = iter(pauses)

    def renew(self) -> None:
        self._left = iter(self._pauses)

    def spend(self, failure: Failure) -> None:
        """Waits, longer each time. Raises the failure when there was enough of it."""
        pause = next(self._left, None)
        if pause is None:
            raise failure
        self._say(f"{failure.message} Trying again in {pause:g} s.")
        time.sleep(pause)
