"""The API of one model in OpenAPI 3.1, whose schemas are the ones that inputs are checked against."""

from typing import Any, Dict, List

from jid.config import Config
from jid.keep.process import Described
from jid.typed.shape import Schema, choices_of, is_file
from jid.web import outline
from jid.web.outline import content, operation, ref

_ASYNC = {
    "name": "Prefer",
    "in": "header",
    "description": "respond-async: answer at once, with 202",
    "schema": {"type": "string"},
}
_ID = {"name": "id", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def document(config: Config, described: Described) -> Dict[str, Any]:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": config.name or config.class_name, "version": config.id or "0"},
        "paths": dict(_watching(), **_running(described)),
        "components": {
            "schemas": dict(outline.SCHEMAS, Input=described.input, Output=described.output),
            "responses": {"Problem": outline.PROBLEM},
        },
    }


def _watching() -> Dict[str, Any]:
    """How the server and the model are."""
    text = {"type": "string"}
    health = content("application/json", ref("Health"))
    return {
        "/": {"get": operation("What is here", {"200": content("application/json", {"type": "object"})})},
        "/ping": {"get": operation("Whether the server answers", {"200": content("text/plain", {"const": "PONG"})})},
        "/health": {"get": operation("How the model is", {"200": health, "503": health})},
        "/health-check": {
            "get": operation("The same in Cog's words", {"200": content("application/json", ref("HealthCheck"))})
        },
        "/metrics": {"get": operation("Counters for Prometheus", {"200": content("text/plain", text)})},
        "/openapi.json": {"get": operation("This", {"200": content("application/json", {"type": "object"})})},
    }


def _running(described: Described) -> Dict[str, Any]:
    return {
        "/infer": {"post": _infer(described)},
        "/infer-ai-platform": {"post": _vertex()},
        "/predictions": {"post": _predict("Run, as Cog's clients ask", [_ASYNC])},
        "/predictions/{id}": {
            "get": operation("A prediction", _prediction(["200"]), parameters=[_ID]),
            "put": _predict("Run once under this ID, however often asked", [_ID, _ASYNC]),
        },
        "/predictions/{id}/cancel": {
            "post": operation("End a prediction", {"200": content("application/json", {"type": "object"})}, [_ID])
        },
    }


def _infer(described: Described) -> Dict[str, Any]:
    body = content("application/json", ref("Input"))
    body["multipart/form-data"] = {"schema": _form(described.input)}
    if not _has_file(described.input):
        body["application/x-www-form-urlencoded"] = {"schema": ref("Input")}
    described_body = {"required": bool(described.input["required"]), "content": body}
    return dict(operation("Run the model once", {"200": _output(described)}), requestBody=described_body)


def _vertex() -> Dict[str, Any]:
    instances = {"instances": {"type": "array", "items": {"type": "object"}}, "parameters": {"type": "object"}}
    given = {"type": "object", "properties": instances, "required": ["instances"]}
    answered = outline.object_of(predictions={"type": "array", "items": ref("Output")})
    found = operation("Run several times, as Vertex AI asks", {"200": content("application/json", answered)})
    return dict(found, requestBody={"required": True, "content": content("application/json", given)})


def _predict(summary: str, parameters: List[Dict[str, Any]]) -> Dict[str, Any]:
    found = operation(summary, _prediction(["200", "202", "500", "504"]), parameters)
    return dict(found, requestBody={"required": True, "content": content("application/json", ref("PredictionRequest"))})


def _prediction(statuses: List[str]) -> Dict[str, Any]:
    return {status: content("application/json", ref("Prediction")) for status in statuses}


def _output(described: Described) -> Dict[str, Any]:
    """By type: what is text or a file leaves as such."""
    output = described.output
    if described.stream:
        is_text = output.get("items", {}).get("type") == "string"
        kind = "text/plain" if is_text else "application/x-ndjson"
        return dict(content(kind, {"type": "string"}), **content("text/event-stream", {"type": "string"}))
    found: Dict[str, Any] = {}
    for choice in choices_of(output):
        if is_file(choice):
            found["*/*"] = {}
        elif choice.get("type") == "string" or "enum" in choice:
            found["text/plain"] = {"schema": {"type": "string"}}
        if choice.get("type") != "string":
            found["application/json"] = {"schema": ref("Output")}
    return dict(found, **{"text/plain": {}, "*/*": {}}) if output == {} else found


def _form(schema: Schema) -> Schema:
    """The inputs as a form has them: a file is its bytes."""
    parts = {
        name: dict(part, format="binary") if is_file(part) else part for name, part in schema["properties"].items()
    }
    return dict(schema, properties=parts)


def _has_file(schema: Schema) -> bool:
    return any(is_file(choice) for part in schema["properties"].values() for choice in choices_of(part))
