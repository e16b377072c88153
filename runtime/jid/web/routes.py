"""ROUTES, the whole HTTP surface on one screen, and how a request finds its place in it."""

from typing import Dict, NamedTuple, Optional, Tuple

from jid.web import cog, plain, vertex
from jid.web.problem import METHOD_NOT_ALLOWED, NOT_FOUND, Problem
from jid.web.service import Endpoint

Table = Dict[str, Dict[str, Endpoint]]

ROUTES: Table = {
    "/": {"GET": plain.index},
    "/ping": {"GET": plain.ping},
    "/health": {"GET": plain.health},
    "/health-check": {"GET": cog.health_check},
    "/metrics": {"GET": plain.metrics},
    "/openapi.json": {"GET": plain.openapi},
    "/infer": {"POST": plain.infer},
    "/infer-ai-platform": {"POST": vertex.infer_ai_platform},
    "/predictions": {"POST": cog.create},
    "/predictions/{id}": {"GET": cog.get, "PUT": cog.put},
    "/predictions/{id}/cancel": {"POST": cog.cancel},
}


class Found(NamedTuple):
    """The endpoint for a request; route: its entry in the table; name: what stands in the place of {id}."""

    endpoint: Endpoint
    route: str
    name: str


def routes(environment: Dict[str, str]) -> Table:
    """ROUTES, with the addresses that Vertex AI names in AIP_HEALTH_ROUTE and AIP_PREDICT_ROUTE."""
    found = dict(ROUTES)
    if environment.get("AIP_HEALTH_ROUTE"):
        found[environment["AIP_HEALTH_ROUTE"]] = {"GET": plain.health}
    if environment.get("AIP_PREDICT_ROUTE"):
        found[environment["AIP_PREDICT_ROUTE"]] = {"POST": vertex.infer_ai_platform}
    return found


def find(table: Table, method: str, path: str) -> Found:
    """Raises Problem NOT_FOUND or METHOD_NOT_ALLOWED."""
    route, name = (path, "") if path in table else _named(table, path)
    methods: Optional[Dict[str, Endpoint]] = table.get(route)
    if methods is None:
        raise Problem(NOT_FOUND, "there is no {}; there are {}".format(path[:100], ", ".join(table)))
    endpoint = methods.get("GET" if method == "HEAD" else method)
    if endpoint is None:
        allowed = ", ".join(methods)
        raise Problem(METHOD_NOT_ALLOWED, "{} takes {}".format(route, allowed), headers={"Allow": allowed})
    return Found(endpoint, route, name)


def _named(table: Table, path: str) -> Tuple[str, str]:
    """The route with {id} that a path fits, and the ID."""
    steps = path.split("/")
    if len(steps) < 3 or not steps[2]:
        return "", ""
    route = "/".join(steps[:2] + ["{id}"] + steps[3:])
    return (route, steps[2]) if route in table else ("", "")
