"""The API of one model in OpenAPI 3.1, whose schemas are the ones that inputs are checked against."""

from typing import Any, Dict

from jid.config import Config
from jid.keep.process import Described
from jid.typed.schema import Schema, choices_of, is_file

_PROBLEM = "application/problem+json"


def document(config: Config, described: Described) -> Dict[str, Any]:
    """The whole document."""
    return {
        "openapi": "3.1.0",
        "info": {"title": config.name or config.class_name, "version": config.id or "0"},
        "paths": {
            "/ping": {"get": _get("Whether the server answers", "text/plain", {"const": "PONG"})},
            "/health": {"get": _get("How the model is", "application/json", _health())},
            "/infer": {"post": _infer(described)},
            "/infer-ai-platform": {"post": _post("Run several times", _list_of("instances"), _list_of("predictions"))},
            "/predictions": {"post": _post("Run", _object(input=_ref("Input")), _prediction())},
        },
        "components": {
            "schemas": {"Input": described.input, "Output": described.output, "Problem": _problem()},
            "responses": {
                "Problem": {"description": "What went wrong", "content": _content(_PROBLEM, _ref("Problem"))}
            },
        },
    }


def _infer(described: Described) -> Dict[str, Any]:
    body = _content("application/json", _ref("Input"))
    body["multipart/form-data"] = {"schema": _form(described.input)}
    if not _has_file(described.input):
        body["application/x-www-form-urlencoded"] = {"schema": _ref("Input")}
    required = bool(described.input["required"])
    return {
        "summary": "Run the model once",
        "operationId": "infer",
        "requestBody": {"required": required, "content": body},
        "responses": _responses({"description": "The output", "content": _output(described)}),
    }


def _output(described: Described) -> Dict[str, Any]:
    """By type: what is text or a file leaves as such."""
    output = described.output
    if described.stream:
        is_text = output.get("items", {}).get("type") == "string"
        kind = "text/plain" if is_text else "application/x-ndjson"
        return dict(_content(kind, {"type": "string"}), **_content("text/event-stream", {"type": "string"}))
    found: Dict[str, Any] = {}
    for choice in choices_of(output):
        if is_file(choice):
            found["application/octet-stream"] = {}
        elif choice.get("type") == "string":
            found["text/plain"] = {"schema": choice}
        else:
            found["application/json"] = {"schema": _ref("Output")}
    return dict(found, **{"text/plain": {}}) if output == {} else found


def _form(schema: Schema) -> Schema:
    """The inputs as a form has them: a file is its bytes."""
    parts = {
        name: dict(part, format="binary") if is_file(part) else part for name, part in schema["properties"].items()
    }
    return dict(schema, properties=parts)


def _has_file(schema: Schema) -> bool:
    return any(is_file(choice) for part in schema["properties"].values() for choice in choices_of(part))


def _get(summary: str, kind: str, schema: Schema) -> Dict[str, Any]:
    return {"summary": summary, "responses": {"200": {"description": summary, "content": _content(kind, schema)}}}


def _post(summary: str, given: Schema, answered: Schema) -> Dict[str, Any]:
    return {
        "summary": summary,
        "requestBody": {"required": True, "content": _content("application/json", given)},
        "responses": _responses({"description": "The outputs", "content": _content("application/json", answered)}),
    }


def _responses(good: Dict[str, Any]) -> Dict[str, Any]:
    return {"200": good, "default": {"$ref": "#/components/responses/Problem"}}


def _content(kind: str, schema: Schema) -> Dict[str, Any]:
    return {kind: {"schema": schema}}


def _ref(name: str) -> Schema:
    return {"$ref": "#/components/schemas/" + name}


def _list_of(name: str) -> Schema:
    part = _ref("Input" if name == "instances" else "Output")
    return _object(**{name: {"type": "array", "items": part}})


def _prediction() -> Schema:
    return _object(status={"const": "succeeded"}, output=_ref("Output"))


def _health() -> Schema:
    return _object(Status={"enum": ["starting", "ready", "busy", "failed"]})


def _problem() -> Schema:
    texts = {name: {"type": "string"} for name in ("type", "title", "detail", "code")}
    return _object(status={"type": "integer"}, **texts)


def _object(**properties: Schema) -> Schema:
    return {"type": "object", "properties": properties, "required": list(properties)}
