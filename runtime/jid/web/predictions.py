"""The predictions that can be asked for by their IDs: those under way, and some that ended."""

import os
from collections import OrderedDict
from typing import Optional

from jid.web.prediction import Prediction

_MOST = 1000  # that ended and are kept
_LARGEST = 64 << 20  # bytes of all that are kept


class Predictions:
    """By ID. Of those that ended, the oldest are forgotten first. notices: webhooks that are under way."""

    def __init__(self) -> None:
        self._known: "OrderedDict[str, Prediction]" = OrderedDict()
        self.notices = 0

    def add(self, prediction: Prediction) -> None:
        """Keep it, in the place of one with the same ID."""
        self._known.pop(prediction.id, None)
        self._known[prediction.id] = prediction
        self._forget()

    def get(self, id_: str) -> Optional[Prediction]:
        """The one with this ID."""
        return self._known.get(id_)

    def is_busy(self) -> bool:
        """Whether one is under way, or somebody has yet to be told of one."""
        return self.notices > 0 or any(not one.is_over() for one in self._known.values())

    def cancel(self) -> None:
        """End all that are under way."""
        for one in self._known.values():
            one.cancel()

    def _forget(self) -> None:
        over = [one for one in self._known.values() if one.is_over()]
        size = sum(one.size for one in over)
        for place, one in enumerate(over):
            if len(over) - place <= _MOST and size <= _LARGEST:
                return
            size -= one.size
            del self._known[one.id]


def new_id() -> str:
    """26 characters that nobody can guess."""
    import base64

    return base64.b32encode(os.urandom(16)).decode("ascii").lower().rstrip("=")
