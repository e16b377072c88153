"""The description as one JSON document, made once."""

from __future__ import annotations

import inspect
import json
import re
from collections.abc import Iterable, Mapping
from functools import cache

from werkzeug.utils import import_string

from modelserver.app import OPEN, ROUTES
from modelserver.errors import Problem
from modelserver.jsontypes import Object
from modelserver.openapi.operations import ANYWHERE, OPERATIONS, Answer, Content, Operation
from modelserver.openapi.schemas import SCHEMAS, problem, ref

_TITLE = "modelserver"
_ABOUT = "Upload a model as a zip; get back a tested image, and an ID that anyone can recompute."
_WRITES: Object = {"writes": []}
_READS: Object = {"reads": []}


@cache
def document(tokens: bool) -> bytes:
    """UTF-8 JSON. tokens: whether this server asks for one."""
    return json.dumps(_described(tokens), ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def _described(tokens: bool) -> Object:
    components = _components()
    if tokens:
        components["securitySchemes"] = {
            "writes": {"type": "http", "scheme": "bearer", "description": "MODELSERVER_TOKEN of the server"},
            "reads": {"type": "http", "scheme": "bearer", "description": "its MODELSERVER_READ_TOKEN"},
        }
    return {
        "openapi": "3.1.0",
        "info": {"title": _TITLE, "version": "1", "description": _ABOUT},
        "paths": _paths(tokens),
        "components": components,
    }


def _paths(tokens: bool) -> Object:
    paths: dict[str, Object] = {}
    for method, path, endpoint in ROUTES:
        shown = shown_path(path)
        operation = _operation(endpoint, OPERATIONS[endpoint])
        if tokens:
            operation["security"] = [] if endpoint in OPEN else [_WRITES, *([_READS] if method == "GET" else [])]
        paths.setdefault(shown, {})[method.lower()] = operation
    return dict(paths)


def shown_path(path: str) -> str:
    """A route's path as OpenAPI writes it: `/a/<path:b>` is `/a/{b}`."""
    return re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", path)


def _operation(endpoint: str, operation: Operation) -> Object:
    first, _, rest = inspect.cleandoc(import_string(f"modelserver.{endpoint}").__doc__ or "").partition("\n\n")
    shown: Object = {"operationId": endpoint.rpartition(".")[2], "summary": " ".join(first.split())}
    if rest:
        shown["description"] = rest
    if operation.parameters:
        shown["parameters"] = list(operation.parameters)
    if operation.body:
        shown["requestBody"] = {"required": True, "content": _content(operation.body)}
    answers = {str(status): _answer(answer) for status, answer in operation.answers.items()}
    return {**shown, "responses": {**answers, **_refusals(operation.problems)}}


def _answer(answer: Answer) -> Object:
    shown: Object = {"description": answer.description}
    if answer.content:
        shown["content"] = _content(answer.content)
    if answer.headers:
        shown["headers"] = {name: {"schema": schema} for name, schema in answer.headers.items()}
    return shown


def _content(content: Content) -> Object:
    return {kind: {"schema": schema} for kind, schema in content.items()}


def _refusals(problems: tuple[type[Problem], ...]) -> Object:
    statuses = _by_status((*ANYWHERE, *problems))
    return {str(status): {"$ref": f"#/components/responses/{_name(status)}"} for status in statuses}


def _components() -> Object:
    """The answer of each status that something may end with."""
    used = {kind for operation in OPERATIONS.values() for kind in operation.problems} | {*ANYWHERE}
    statuses = _by_status(sorted(used, key=lambda kind: kind.code))
    schemas = {_name(status): problem(status, [kind.code for kind in kinds]) for status, kinds in statuses.items()}
    answers: Object = {
        _name(status): {
            "description": "; ".join(f"{kind.code}: {kind.title}" for kind in kinds),
            "content": {"application/problem+json": {"schema": ref(_name(status))}},
        }
        for status, kinds in statuses.items()
    }
    return {"schemas": {**SCHEMAS, **schemas}, "responses": answers}


def _by_status(kinds: Iterable[type[Problem]]) -> Mapping[int, list[type[Problem]]]:
    found: dict[int, list[type[Problem]]] = {}
    for kind in sorted(kinds, key=lambda kind: kind.status):
        found.setdefault(kind.status, []).append(kind)
    return found


def _name(status: int) -> str:
    return f"Problem{status}"
