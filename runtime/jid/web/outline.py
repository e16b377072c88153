"""The parts of an OpenAPI document that are the same for every model."""

from typing import Any, Dict, Sequence

from jid.typed.shape import Schema

_KIND = "application/problem+json"


def content(kind: str, schema: Schema) -> Dict[str, Any]:
    """A body of this media type."""
    return {kind: {"schema": schema}}


def ref(name: str) -> Schema:
    """A schema among the components."""
    return {"$ref": "#/components/schemas/" + name}


def object_of(**properties: Schema) -> Schema:
    """An object that has all of these."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def operation(
    summary: str, contents: Dict[str, Dict[str, Any]], parameters: Sequence[Dict[str, Any]] = ()
) -> Dict[str, Any]:
    """What an address does. contents: bodies by status."""
    answers: Dict[str, Any] = {
        status: {"description": _MEANINGS[status], "content": found} for status, found in contents.items()
    }
    answers["default"] = {"$ref": "#/components/responses/Problem"}
    found: Dict[str, Any] = {"summary": summary, "responses": answers}
    return dict(found, parameters=list(parameters)) if parameters else found


_MEANINGS = {
    "200": "It went well",
    "202": "It has begun",
    "503": "It takes no requests",
    "500": "The model failed",
    "504": "The model took too long",
}
_TEXT: Schema = {"type": "string"}
_TIME: Schema = {"anyOf": [{"type": "string", "format": "date-time"}, {"type": "null"}]}

PROBLEM = {
    "description": "What went wrong (RFC 9457)",
    "content": content(_KIND, ref("Problem")),
}

SCHEMAS: Dict[str, Schema] = {
    "Problem": {
        "type": "object",
        "properties": {
            "type": _TEXT,
            "title": _TEXT,
            "status": {"type": "integer"},
            "detail": _TEXT,
            "code": _TEXT,
            "errors": {"type": "array", "items": object_of(pointer=_TEXT, code=_TEXT, detail=_TEXT)},
        },
        "required": ["type", "title", "status", "detail", "code"],
    },
    "Health": {
        "type": "object",
        "properties": {
            "Status": {"enum": ["starting", "ready", "busy", "failed"]},
            "Error": object_of(Code=_TEXT, Detail=_TEXT),
        },
        "required": ["Status"],
    },
    "HealthCheck": {
        "type": "object",
        "properties": {
            "status": {"enum": ["STARTING", "READY", "BUSY", "SETUP_FAILED"]},
            "setup": object_of(status={"const": "failed"}, logs=_TEXT),
        },
        "required": ["status"],
    },
    "PredictionRequest": {
        "type": "object",
        "properties": {
            "id": dict(_TEXT, maxLength=256),
            "input": ref("Input"),
            "webhook": dict(_TEXT, format="uri"),
            "webhook_events_filter": {"type": "array", "items": {"enum": ["start", "output", "logs", "completed"]}},
        },
    },
    "Prediction": object_of(
        id=_TEXT,
        status={"enum": ["starting", "processing", "succeeded", "failed", "canceled"]},
        input=ref("Input"),
        output={"description": "Output, or null, or the items so far"},
        error={"anyOf": [_TEXT, {"type": "null"}]},
        logs=_TEXT,
        metrics={"type": "object", "properties": {"predict_time": {"type": "number"}}},
        created_at=_TIME,
        started_at=_TIME,
        completed_at=_TIME,
    ),
}
