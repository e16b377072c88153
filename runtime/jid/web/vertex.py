"""The form in which Vertex AI asks: {"instances": [...]} gives {"predictions": [...]}.

https://cloud.google.com/vertex-ai/docs/predictions/custom-container-requirements
"""

import asyncio
from typing import Any, Dict, List

from jid.encoding import json_bytes
from jid.web.answer import JSON, value_of
from jid.web.body import Body, json_object
from jid.web.errand import Errand
from jid.web.problem import BAD_REQUEST, Problem
from jid.web.response import Response
from jid.web.service import Service, order_of, run_of

_SHAPE = 'the body must read like {"instances": [{"text": "hello"}]}'


async def infer_ai_platform(service: Service, errand: Errand, body: Body) -> Response:
    """As many runs as there are instances, as many at once as the model takes. `parameters` go to each."""
    told = json_object(body)
    instances, parameters = told.get("instances"), told.get("parameters") or {}
    if not isinstance(instances, list) or not all(isinstance(one, dict) for one in instances):
        raise Problem(BAD_REQUEST, _SHAPE)
    if not isinstance(parameters, dict):
        raise Problem(BAD_REQUEST, "parameters must be an object: inputs that all instances share")
    orders = [
        await order_of(service, errand, dict(parameters, **one), "/instances/{}".format(place))
        for place, one in enumerate(instances)
    ]
    return Response(200, JSON, json_bytes({"predictions": await _outputs(service, errand, orders)}))


async def _outputs(service: Service, errand: Errand, orders: List[bytes]) -> List[Any]:
    outputs: Dict[int, Any] = {}
    left = iter(list(enumerate(orders)))

    async def work() -> None:
        for place, order in left:
            run = await run_of(service, errand, order)
            outputs[place] = await value_of(errand, run)
            run.close()

    workers = [asyncio.ensure_future(work()) for _ in range(min(service.keeper.slots, len(orders)))]
    try:
        await asyncio.gather(*workers)
    finally:
        for worker in workers:
            worker.cancel()
    return [outputs[place] for place in range(len(orders))]
