"""The endpoints that Cog's HTTP clients ask.

https://github.com/replicate/cog/blob/main/docs/http.md; what differs is in docs/runtime.md.
"""

import asyncio
from typing import Any, AsyncIterator, Dict, List, NamedTuple, Optional, Tuple

from jid.encoding import json_bytes
from jid.keep import keeper as state
from jid.web.answer import EVENTS, JSON, event
from jid.web.body import Body, json_object
from jid.web.errand import Errand
from jid.web.prediction import COMPLETED, LOGS, OUTPUT, START, SUCCEEDED, Prediction
from jid.web.predictions import new_id
from jid.web.problem import BAD_REQUEST, CONFLICT, KINDS, NOT_FOUND, Problem, of_failure
from jid.web.response import Response
from jid.web.service import Service, order_of
from jid.web.webhook import EVENTS as WEBHOOK_EVENTS
from jid.web.webhook import Webhook

_STATES = {state.STARTING: "STARTING", state.READY: "READY", state.BUSY: "BUSY", state.FAILED: "SETUP_FAILED"}
_ID = 256  # characters
_NO_STORE = {"Cache-Control": "no-store"}


class _Asked(NamedTuple):
    """The body of a request for a prediction. webhook: None, or the address and the events."""

    id: str
    input: Dict[str, Any]
    webhook: Optional[Tuple[str, List[str]]]


async def create(service: Service, errand: Errand, body: Body) -> Response:
    """A prediction; its caller waits for it, or with `Prefer: respond-async` for its beginning only."""
    asked = _asked(service, body)
    known = service.predictions.get(asked.id)
    if known and not known.is_over():
        raise Problem(CONFLICT, "the prediction {} is under way; ask for it, or wait for it with PUT".format(known.id))
    prediction = await _begun(service, errand, asked)
    if _wants_events(errand):
        return Response(200, EVENTS, _events(prediction, True), _NO_STORE)
    try:
        return await _told(errand, prediction)
    except asyncio.CancelledError:  # the caller left
        prediction.cancel()
        raise


async def put(service: Service, errand: Errand, body: Body) -> Response:
    """The same under an ID of the caller's choice, who may ask again: there is one prediction for each ID.

    It goes on when its caller leaves, for that is what the ID is for.
    """
    asked = _asked(service, body)
    if asked.id not in ("", errand.name):
        raise Problem(CONFLICT, "the body has another id than the address")
    known = service.predictions.get(errand.name)
    if known and known.input != asked.input:
        raise Problem(CONFLICT, "the prediction {} was asked for with another input".format(known.id))
    prediction = known or await _begun(service, errand, asked._replace(id=errand.name))
    if _wants_events(errand):
        return Response(200, EVENTS, _events(prediction, False), _NO_STORE)
    return await _told(errand, prediction)


async def get(service: Service, errand: Errand, body: Body) -> Response:
    """A prediction by its ID."""
    return _response(200, _known(service, errand))


async def cancel(service: Service, errand: Errand, body: Body) -> Response:
    """End a prediction."""
    prediction = _known(service, errand)
    prediction.cancel()
    return Response(200, JSON, b"{}\n")


async def health_check(service: Service, errand: Errand, body: Body) -> Response:
    """How the model is, in Cog's words, and always with 200."""
    keeper = service.keeper
    told: Dict[str, Any] = {"status": _STATES[keeper.status()]}
    if keeper.failure:
        told["setup"] = {"status": "failed", "logs": keeper.failure.detail}
    return Response(200, JSON, json_bytes(told) + b"\n")


def _asked(service: Service, body: Body) -> _Asked:
    told = json_object(body)
    given, id_ = told.get("input", {}), told.get("id") or ""
    if not isinstance(given, dict):
        raise Problem(BAD_REQUEST, 'the body must read like {"input": {"text": "hello"}}')
    if not isinstance(id_, str) or len(id_) > _ID:
        raise Problem(BAD_REQUEST, "the id must be a text of at most {} characters".format(_ID))
    return _Asked(id_, given, _webhook(service, told))


def _webhook(service: Service, told: Dict[str, Any]) -> Optional[Tuple[str, List[str]]]:
    url, events = told.get("webhook"), told.get("webhook_events_filter")
    if url is None:
        return None
    allowed = service.config.settings.webhooks
    if not isinstance(url, str) or not any(_is_below(url, beginning) for beginning in allowed):
        raise Problem(
            BAD_REQUEST, "webhook: may begin with {} (JID_WEBHOOKS)".format(" or ".join(allowed) or "nothing")
        )
    if events is not None and not (isinstance(events, list) and all(one in WEBHOOK_EVENTS for one in events)):
        raise Problem(BAD_REQUEST, "webhook_events_filter: a list of {}".format(", ".join(WEBHOOK_EVENTS)))
    return url, list(WEBHOOK_EVENTS) if events is None else events


def _is_below(url: str, beginning: str) -> bool:
    whole = beginning if beginning.endswith("/") else beginning + "/"
    return (url == beginning and url != whole) or (url.startswith(whole) and len(url) > len(whole))


async def _begun(service: Service, errand: Errand, asked: _Asked) -> Prediction:
    order = await order_of(service, errand, asked.input, "/input")
    service.keeper.check_room()
    prediction = Prediction(asked.id or new_id(), asked.input, order)
    if asked.id or _is_async(errand):
        service.predictions.add(prediction)
    if asked.webhook:
        Webhook(asked.webhook[0], asked.webhook[1], prediction, service.predictions)
    prediction.begin(service.keeper, errand.hand_over())
    return prediction


async def _told(errand: Errand, prediction: Prediction) -> Response:
    """What the caller asked to hear: the beginning or the end."""
    if _is_async(errand) and not prediction.is_over():
        return _response(202, prediction)
    await prediction.ended()
    return _response(_status(prediction), prediction)


def _status(prediction: Prediction) -> int:
    """A model's error is no success, whatever the body says besides."""
    failure = prediction.failure
    if prediction.status == SUCCEEDED or failure is None:
        return 200
    return KINDS[of_failure(failure).code].status


def _response(status: int, prediction: Prediction) -> Response:
    return Response(status, JSON, json_bytes(prediction.json()))


def _is_async(errand: Errand) -> bool:
    return "respond-async" in errand.request.headers.get("prefer", "")


def _wants_events(errand: Errand) -> bool:
    return "text/event-stream" in errand.request.headers.get("accept", "")


def _known(service: Service, errand: Errand) -> Prediction:
    prediction = service.predictions.get(errand.name)
    if prediction is None:
        raise Problem(NOT_FOUND, "there is no prediction {}".format(errand.name[:100]))
    return prediction


async def _events(prediction: Prediction, is_the_callers: bool) -> AsyncIterator[bytes]:
    """Server-sent events: start, output, log, completed, each with JSON.

    is_the_callers: the prediction ends when its caller leaves.
    """
    heard: "asyncio.Queue[Tuple[str, Any]]" = asyncio.Queue()

    def listen(name: str, told: Any) -> None:
        heard.put_nowait((name, told))

    prediction.listen(listen)
    try:
        async for one in _heard(prediction, heard):
            yield one
    finally:
        prediction.leave(listen)
        if is_the_callers:
            prediction.cancel()


async def _heard(prediction: Prediction, heard: "asyncio.Queue[Tuple[str, Any]]") -> AsyncIterator[bytes]:
    yield event(START, json_bytes({"id": prediction.id, "status": prediction.status}))
    index = 0
    while not prediction.is_over() or not heard.empty():
        name, told = await heard.get()
        if name == OUTPUT:
            yield event(OUTPUT, json_bytes({"chunk": told, "index": index}))
            index += 1
        elif name == LOGS:
            yield event("log", json_bytes({"source": "stdout", "data": told}))
    yield event(COMPLETED, json_bytes(prediction.json()))
