"""ROUTES, the whole HTTP surface on one screen, and what each address does."""

from typing import Any, Awaitable, Callable, Dict, NamedTuple

from jid.config import Config
from jid.encoding import json_bytes
from jid.failure import Failure
from jid.keep import keeper as state
from jid.keep.keeper import Keeper
from jid.order import File, closed
from jid.typed.check import InputInvalid, check
from jid.web.answer import JSON, TEXT, answer, value_of
from jid.web.body import Body, inputs, json_object
from jid.web.dataurl import saved
from jid.web.errand import Errand
from jid.web.openapi import document
from jid.web.problem import BAD_REQUEST, METHOD_NOT_ALLOWED, NOT_FOUND, Problem, of_failure, of_input
from jid.web.response import Response


class Service(NamedTuple):
    """What the endpoints work with."""

    config: Config
    keeper: Keeper


Endpoint = Callable[[Service, Errand, Body], Awaitable[Response]]


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


async def openapi(service: Service, errand: Errand, body: Body) -> Response:
    """This API, described."""
    return Response(200, JSON, json_bytes(document(service.config, await service.keeper.described())))


async def infer(service: Service, errand: Errand, body: Body) -> Response:
    """One run; the inputs are a JSON object, a form or a multipart body."""
    described = await service.keeper.described()
    order = await _order(service, errand, inputs(errand, body, described.input), "")
    errand.running = await service.keeper.run(order)
    return await answer(errand, errand.running, described)


async def infer_ai_platform(service: Service, errand: Errand, body: Body) -> Response:
    """Vertex AI's form: {"instances": [{...}]} gives {"predictions": [...]}, one run after another."""
    told = json_object(body)
    instances = told.get("instances")
    if not isinstance(instances, list) or not all(isinstance(one, dict) for one in instances):
        raise Problem(BAD_REQUEST, 'the body must read like {"instances": [{"text": "hello"}]}')
    orders = [await _order(service, errand, one, "/instances/{}".format(place)) for place, one in enumerate(instances)]
    outputs = [await _value(service, errand, order) for order in orders]
    return Response(200, JSON, json_bytes({"predictions": outputs}))


async def predictions(service: Service, errand: Errand, body: Body) -> Response:
    """Cog's form, synchronous: {"input": {...}} gives {"status": "succeeded", "output": ...}."""
    given = json_object(body).get("input", {})
    if not isinstance(given, dict):
        raise Problem(BAD_REQUEST, 'the body must read like {"input": {"text": "hello"}}')
    output = await _value(service, errand, await _order(service, errand, given, "/input"))
    return Response(200, JSON, json_bytes({"status": "succeeded", "output": output}))


ROUTES: Dict[str, Dict[str, Endpoint]] = {
    "/ping": {"GET": ping},
    "/health": {"GET": health},
    "/openapi.json": {"GET": openapi},
    "/infer": {"POST": infer},
    "/infer-ai-platform": {"POST": infer_ai_platform},
    "/predictions": {"POST": predictions},
}


def routes(environment: Dict[str, str]) -> Dict[str, Dict[str, Endpoint]]:
    """ROUTES, with the addresses that Vertex AI names in AIP_HEALTH_ROUTE and AIP_PREDICT_ROUTE."""
    found = dict(ROUTES)
    if environment.get("AIP_HEALTH_ROUTE"):
        found[environment["AIP_HEALTH_ROUTE"]] = {"GET": health}
    if environment.get("AIP_PREDICT_ROUTE"):
        found[environment["AIP_PREDICT_ROUTE"]] = {"POST": infer_ai_platform}
    return found


def find(table: Dict[str, Dict[str, Endpoint]], method: str, path: str) -> Endpoint:
    """The endpoint for a request. Raises Problem NOT_FOUND or METHOD_NOT_ALLOWED."""
    methods = table.get(path)
    if methods is None:
        raise Problem(NOT_FOUND, "there is no {}; there are {}".format(path[:100], ", ".join(table)))
    endpoint = methods.get("GET" if method == "HEAD" else method)
    if endpoint is None:
        allowed = ", ".join(methods)
        raise Problem(METHOD_NOT_ALLOWED, "{} takes {}".format(path, allowed), headers={"Allow": allowed})
    return endpoint


async def respond(service: Service, endpoint: Endpoint, errand: Errand, body: Body) -> Response:
    """The endpoint's answer, or the model's failure as a problem."""
    try:
        return await endpoint(service, errand, body)
    except Failure as failure:
        raise of_failure(failure) from failure


async def _value(service: Service, errand: Errand, order: bytes) -> Any:
    errand.running = await service.keeper.run(order)
    value = await value_of(errand, errand.running)
    errand.running.close()
    return value


async def _order(service: Service, errand: Errand, given: Dict[str, Any], below: str) -> bytes:
    """The inputs, checked; below: where they stand in the body. Raises Problem INPUT_INVALID."""

    def open_file(text: str) -> File:
        return saved(text, errand.directory())

    described = await service.keeper.described()
    try:
        return closed(check(described.input, given, open_file))
    except InputInvalid as invalid:
        raise of_input(invalid, below) from invalid
