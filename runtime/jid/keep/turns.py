"""Whose turn it is with the model: one at a time, in the order in which they came."""

import asyncio
from collections import deque
from typing import Deque, Optional

from jid.failure import Failure


class Turns:
    """A line of waiting requests that can be sent away."""

    def __init__(self) -> None:
        self._line: "Deque[asyncio.Future[None]]" = deque()
        self._is_taken = False
        self._refusal: Optional[Failure] = None

    def is_taken(self) -> bool:
        """Whether somebody has the turn."""
        return self._is_taken

    async def take(self) -> None:
        """Wait for the turn. Raises the Failure of `refuse`."""
        if self._refusal:
            raise self._refusal
        if not self._is_taken:
            self._is_taken = True
            return
        place = asyncio.get_event_loop().create_future()
        self._line.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled() and place.exception() is None:
                self.give_back()  # it came in the moment in which it was given up
            raise

    def give_back(self) -> None:
        """End a turn; the next in line has it."""
        while self._line:
            place = self._line.popleft()
            if not place.done():
                place.set_result(None)
                return
        self._is_taken = False

    def refuse(self, refusal: Failure) -> None:
        """Send away all who wait, and all who come from now on."""
        self._refusal = refusal
        for place in self._line:
            if not place.done():
                place.set_exception(refusal)
        self._line.clear()
