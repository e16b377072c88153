"""A value that fits a schema, for messages that show what to send."""

from typing import Any

from jid.typed.shape import Schema, choices_of, is_file


def sample(schema: Schema) -> Any:
    """The default, the first choice, the smallest number, or a plain value of the type; required inputs only."""
    schema = choices_of(schema)[0]
    if "default" in schema:
        return schema["default"]
    if schema.get("enum"):
        return schema["enum"][0]
    if is_file(schema):
        return "@file"
    if schema.get("type") == "object":
        return {name: sample(schema["properties"][name]) for name in schema.get("required", [])}
    if schema.get("type") in ("integer", "number"):
        return schema.get("minimum", 1)
    return {"string": "text", "boolean": True, "array": [], "null": None}.get(schema.get("type", ""), "text")
