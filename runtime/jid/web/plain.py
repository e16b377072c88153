"""The endpoints of this runtime's own."""

import asyncio
from typing import Any, Dict

from jid.encoding import json_bytes
from jid.keep import keeper as state
from jid.web import prometheus
from jid.web.answer import JSON, TEXT, answer
from jid.web.body import Body, inputs
from jid.web.errand import Errand
from jid.web.openapi import document
from jid.web.problem import STARTING, Problem
from jid.web.response import Response
from jid.web.service import Service, order_of, run_of

_PATIENCE = 5.0  # seconds that a description is waited for

_INDEX = {
    "Ping": "/ping",
    "Health": "/health",
    "Metrics": "/metrics",
    "OpenAPI": "/openapi.json",
    "Infer": "/infer",
    "InferAIPlatform": "/infer-ai-platform",
    "Predictions": "/predictions",
}


async def index(service: Service, errand: Errand, body: Body) -> Response:
    """What is to be found here."""
    config = service.config
    return Response(200, JSON, json_bytes(dict({"Name": config.name, "ID": config.id}, **_INDEX)) + b"\n")


async def ping(service: Service, errand: Errand, body: Body) -> Response:
    """Whether the server's process answers."""
    return Response(200, TEXT, b"PONG")


async def health(service: Service, errand: Errand, body: Body) -> Response:
    """How the model is; 200 when it takes requests, 503 when it does not, or not yet."""
    keeper = service.keeper
    status = keeper.status()
    told: Dict[str, Any] = {"Status": status}
    if keeper.failure:
        told["Error"] = {"Code": keeper.failure.code, "Detail": keeper.failure.detail}
    return Response(200 if status in (state.READY, state.BUSY) else 503, JSON, json_bytes(told) + b"\n")


async def metrics(service: Service, errand: Errand, body: Body) -> Response:
    """What has been counted, as Prometheus reads it."""
    return Response(200, prometheus.TYPE, prometheus.text(service.keeper, service.clients()).encode("utf-8"))


async def openapi(service: Service, errand: Errand, body: Body) -> Response:
    """This API, described."""
    try:
        described = await asyncio.wait_for(service.keeper.described(), _PATIENCE)
    except asyncio.TimeoutError:
        detail = "what the model takes is not known yet, as its file is still being imported"
        raise Problem(STARTING, detail, headers={"Retry-After": "1"}) from None
    return Response(200, JSON, json_bytes(document(service.config, described)))


async def infer(service: Service, errand: Errand, body: Body) -> Response:
    """One run; the inputs are a JSON object, a form or a multipart body."""
    described = await service.keeper.described()
    order = await order_of(service, errand, inputs(errand, body, described.input), "")
    return await answer(errand, await run_of(service, errand, order), described)
