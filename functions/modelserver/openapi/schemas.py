"""What the answers look like, as JSON Schema 2020-12. A member that is not named here is never sent.

But for evidence, which is the runtime's own document, and a model's values, which are anything.
"""

from __future__ import annotations

from typing import get_args

from modelserver.config import Architecture
from modelserver.jsontypes import JSON, Object
from modelserver.package import Status

_TEXT: Object = {"type": "string"}
_TEXTS: Object = {"type": "array", "items": _TEXT}
_MAYBE_TEXTS: Object = {"type": ["array", "null"], "items": _TEXT}
_COUNT: Object = {"type": "integer", "minimum": 0}
_ANYTHING: Object = {}
_OBJECT: Object = {"type": "object"}
PACKAGE_ID: Object = {"type": "string", "pattern": "^[0-9a-f]{40}$", "description": "the git tree ID of the files"}
_ARCHITECTURES: Object = {"type": "array", "items": {"enum": list(get_args(Architecture))}}


def ref(name: str) -> Object:
    """A schema of this table."""
    return {"$ref": f"#/components/schemas/{name}"}


def _members(required: Object, optional: Object | None = None) -> Object:
    return {
        "type": "object",
        "properties": {**required, **(optional or {})},
        "required": list[JSON](required),
        "additionalProperties": False,
    }


def _each(name: str) -> Object:
    return {"type": "array", "items": ref(name)}


SCHEMAS: dict[str, Object] = {
    "Package": _members(
        {
            "ID": PACKAGE_ID,
            "Name": _TEXT,
            "Status": {"enum": list(get_args(Status))},
            "Created": {"type": "string", "format": "date-time"},
            "Size": {**_COUNT, "description": "bytes of the zip"},
            "SHA256": {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "of the zip"},
            "Artifacts": _each("Artifact"),
            "Config": ref("Config"),
            "Completion": _each("Completion"),
            "Stages": _each("Stage"),
        },
        {
            "Schema": {**_OBJECT, "description": "of the model's inputs and output"},
            "Test": {**_OBJECT, "description": "the evidence: each example, and what came of it"},
            "Error": {**_OBJECT, "description": "the problem, where the status is failed"},
        },
    ),
    "Artifact": _members({"Target": _TEXT, "URI": _TEXT}, {"Digest": _TEXT, "Tested": {"const": False}}),
    "Config": _members(
        {"Name": _TEXT, "Environment": ref("Environment"), "Model": _TEXT}, {"Examples": _each("Example")}
    ),
    "Environment": _members(
        {
            "PythonVersion": _TEXT,
            "PythonRequirements": _TEXT,
            "PythonPackages": _MAYBE_TEXTS,
            "SystemPackages": _MAYBE_TEXTS,
            "Architectures": _ARCHITECTURES,
            "CUDA": _TEXT,
            "CuDNN": _TEXT,
        }
    ),
    "Example": _members({"Input": _OBJECT}, {"Output": _ANYTHING, "Error": _TEXT}),
    "Completion": _members({"Path": _TEXT, "Value": _ANYTHING, "Because": _TEXT}),
    "Stage": _members({"Name": _TEXT, "Seconds": {"type": "number", "minimum": 0}}),
    "Inspection": _members(
        {
            "Config": ref("Config"),
            "Completion": _each("Completion"),
            "Dockerfiles": {"type": "object", "additionalProperties": _TEXT},
        },
        {"ID": PACKAGE_ID},
    ),
    "Doors": _members({"MaxDirect": _COUNT, "MaxUpload": _COUNT, "MaxEntries": _COUNT, "MaxUnpacked": _COUNT}),
    "Difference": _members(
        {
            "From": ref("Compared"),
            "To": ref("Compared"),
            "Breaking": {"type": "boolean"},
            "Schema": _each("SchemaChange"),
            "Config": {"type": "array", "items": _members({"Path": _TEXT, "From": _ANYTHING, "To": _ANYTHING})},
            "Files": ref("FileChanges"),
        }
    ),
    "Compared": _members({"ID": PACKAGE_ID, "Name": _TEXT, "Status": _TEXT, "Created": _TEXT}),
    "SchemaChange": _members(
        {"Path": _TEXT, "Breaking": {"type": "boolean"}, "Because": _TEXT, "From": _ANYTHING, "To": _ANYTHING}
    ),
    "FileChanges": _members(
        {
            "Added": {"type": "array", "items": _OBJECT},
            "Removed": {"type": "array", "items": _OBJECT},
            "Changed": {"type": "array", "items": _OBJECT},
            "Unchanged": _COUNT,
            "More": {**_COUNT, "description": "beyond the first 1000 of each"},
            "By": {"enum": ["blob", "size and checksum"]},
        }
    ),
    "Session": _members({"Upload": _TEXT, "Location": {"type": "string", "description": "PUT the zip here"}}),
    "Health": _members(
        {"Status": {"const": "ok"}, "Engine": _TEXT, "Runner": _TEXT, "Storage": _TEXT, "Database": _TEXT}
    ),
    "Problem": _members(
        {"type": _TEXT, "title": _TEXT, "status": _COUNT, "detail": _TEXT, "code": _TEXT},
        {"errors": _each("Fault"), "ID": PACKAGE_ID, "log": {"type": "string", "description": "its last lines"}},
    ),
    "Fault": _members(
        {
            "pointer": {"type": "string", "description": "in jid.yaml, or a path in the zip"},
            "line": {"type": ["integer", "null"], "minimum": 1},
            "code": _TEXT,
            "detail": _TEXT,
            "hint": _TEXT,
        }
    ),
}


def problem(status: int, codes: list[str]) -> Object:
    """A problem with this status and one of these codes."""
    return {"allOf": [ref("Problem")], "properties": {"status": {"const": status}, "code": {"enum": list[JSON](codes)}}}
