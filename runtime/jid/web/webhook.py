"""Tells an address of the caller's what happens to a prediction."""

import asyncio
from typing import Any, List, Tuple

from jid.encoding import json_bytes
from jid.web.prediction import COMPLETED, LOGS, OUTPUT, START, Prediction
from jid.web.predictions import Predictions

EVENTS = (START, OUTPUT, LOGS, COMPLETED)

_PAUSE = 0.5  # seconds between two calls about outputs or logs
_PATIENCE = 10.0  # seconds for one call
_AGAIN = (0.5, 1.0, 2.0, 4.0, 8.0)  # seconds before the end is told again, where that went wrong


class Webhook:
    """Calls one address, one call after another. events: those that are told of."""

    def __init__(self, url: str, events: List[str], prediction: Prediction, predictions: Predictions) -> None:
        self._url = url
        self._events = events
        self._prediction = prediction
        self._predictions = predictions
        self._due: List[Tuple[str, bytes]] = []  # outputs and logs have no document before they are sent
        self._is_sending = False
        prediction.listen(self.tell)

    def tell(self, event: str, told: Any) -> None:
        """Something happened; calls about outputs and logs that have not been made yet become one."""
        if event not in self._events or (self._due and self._due[-1][0] in (OUTPUT, LOGS) and event in (OUTPUT, LOGS)):
            return
        document = json_bytes(self._prediction.json()) if event in (START, COMPLETED) else b""
        if event == COMPLETED:
            self._due = [one for one in self._due if one[0] == START]
        self._due.append((event, document))
        if not self._is_sending:
            self._is_sending = True
            self._predictions.notices += 1
            asyncio.get_event_loop().create_task(self._send_all())

    async def _send_all(self) -> None:
        try:
            while self._due:
                event, document = self._due.pop(0)
                await self._send(event, document or json_bytes(self._prediction.json()))
                if event in (OUTPUT, LOGS):
                    await self._pause()
        finally:
            self._is_sending = False
            self._predictions.notices -= 1

    async def _pause(self) -> None:
        end = asyncio.get_event_loop().time() + _PAUSE
        while asyncio.get_event_loop().time() < end and not self._prediction.is_over():
            await asyncio.sleep(0.02)

    async def _send(self, event: str, document: bytes) -> None:
        loop = asyncio.get_event_loop()
        for wait in _AGAIN if event == COMPLETED else ():
            if await loop.run_in_executor(None, _call, self._url, document):
                return
            await asyncio.sleep(wait)
        await loop.run_in_executor(None, _call, self._url, document)


def _call(url: str, document: bytes) -> bool:
    """POST once, and follow nowhere; False where it makes sense to try again."""
    from urllib import error, request  # late: most servers never call anybody

    class Stay(request.HTTPRedirectHandler):
        def redirect_request(self, *_: Any) -> None:
            return None

    headers = {"Content-Type": "application/json", "User-Agent": "jid"}
    try:
        asked = request.Request(url, document, headers, method="POST")  # noqa: S310  # http(s) was checked
        request.build_opener(Stay()).open(asked, timeout=_PATIENCE).close()
    except error.HTTPError as answer:
        answer.close()
        return answer.code < 500 and answer.code != 429
    except Exception:  # whatever a stranger's address does
        return False
    return True
