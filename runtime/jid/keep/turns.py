"""Whose turn it is with the model: so many at a time, in the order in which they came, and a line with an end."""

import asyncio
from collections import deque
from typing import Deque, Optional

from jid.failure import QUEUE_FULL, Failure

_LONGEST = 60  # seconds after which a refused caller may come again, at most


class Turns:
    """A line of waiting requests that can be sent away. longest: how many may wait."""

    def __init__(self, longest: int) -> None:
        self._line: "Deque[asyncio.Future[None]]" = deque()
        self._longest = longest
        self._refusal: Optional[Failure] = None
        self.slots = 1
        self.taken = 0
        self.seconds = 0.0  # that a turn takes, a moving average

    def waiting(self) -> int:
        """How many wait."""
        return len(self._line)

    def is_taken(self) -> bool:
        """Whether all turns are taken."""
        return self.taken >= self.slots

    async def take(self) -> None:
        """Wait for a turn. Raises Failure QUEUE_FULL, or that of `refuse`."""
        if self._refusal:
            raise self._refusal
        if self.taken < self.slots:
            self.taken += 1
            return
        self.check_room()
        await self._wait()

    def check_room(self) -> None:
        """Whether one more may wait. Raises Failure QUEUE_FULL."""
        if self.is_taken() and len(self._line) >= self._longest:
            detail = "{} requests wait already; come again later".format(len(self._line))
            raise Failure(QUEUE_FULL, detail, retry_after=self._patience())

    def give_back(self, seconds: float) -> None:
        """End a turn that took so long; the next in line has it."""
        self.seconds += (seconds - self.seconds) / 8
        self.taken -= 1
        self._advance()

    def widen(self, slots: int) -> None:
        """From now on so many at a time."""
        self.slots = slots
        self._advance()

    def refuse(self, refusal: Failure) -> None:
        """Send away all who wait, and all who come from now on."""
        self._refusal = refusal
        while self._line:
            place = self._line.popleft()
            if not place.done():
                place.set_exception(refusal)

    async def _wait(self) -> None:
        place = asyncio.get_event_loop().create_future()
        self._line.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place in self._line:
                self._line.remove(place)
            elif place.done() and not place.cancelled() and place.exception() is None:
                self.taken -= 1  # it came in the moment in which it was given up
                self._advance()
            raise

    def _advance(self) -> None:
        while self._line and self.taken < self.slots:
            place = self._line.popleft()
            if not place.done():
                self.taken += 1
                place.set_result(None)

    def _patience(self) -> int:
        """Seconds until half of those who wait will have had their turn."""
        return max(1, min(_LONGEST, round(self.seconds * len(self._line) / self.slots / 2)))
