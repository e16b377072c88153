"""JSON Schema as both processes speak of it: the model's describes by it, the server's checks by it."""

from typing import Any, Dict, List, cast

Schema = Dict[str, Any]  # a JSON Schema object


def file_schema() -> Schema:
    """A file in JSON: the text of a data: URL (RFC 2397)."""
    return {"type": "string", "format": "uri"}


def is_file(schema: Schema) -> bool:
    """Whether this is what `file_schema` gives."""
    return schema.get("format") == "uri"


def is_nullable(schema: Schema) -> bool:
    """Whether null is among what the schema takes by name."""
    return any(choice.get("type") == "null" for choice in choices_of(schema))


def choices_of(schema: Schema) -> List[Schema]:
    """The members of a union, or the schema itself."""
    return cast(List[Schema], schema.get("anyOf", [schema]))
