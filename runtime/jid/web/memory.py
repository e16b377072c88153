"""How many bytes the bodies of all requests may keep in memory, together and each."""

from jid.failure import QUEUE_FULL
from jid.web.problem import TOO_LARGE, Problem

_BODIES = 4  # of the largest size that may be in memory at once


class Memory:
    """What all connections share. most: bytes of one body."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.left = most * _BODIES

    def check(self, size: int) -> None:
        """Whether a body of this size may come. Raises Problem TOO_LARGE."""
        if size > self.most:
            detail = "a body of this kind may have {} bytes (JID_MAX_BODY); send files as multipart".format(self.most)
            raise Problem(TOO_LARGE, detail)

    def share(self) -> "Share":
        """The part that one body will take."""
        return Share(self)


class Share:
    """What one body keeps in memory."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._taken = 0

    def take(self, size: int) -> None:
        """So many bytes more. Raises Problem TOO_LARGE, or QUEUE_FULL when others hold too much."""
        self._memory.check(self._taken + size)
        if size > self._memory.left:
            detail = "the bodies of other requests fill the memory that there is for them"
            raise Problem(QUEUE_FULL, detail, headers={"Retry-After": "1"})
        self._taken += size
        self._memory.left -= size

    def close(self) -> None:
        """Give all of it back."""
        self._memory.left += self._taken
        self._taken = 0
