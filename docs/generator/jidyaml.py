"""The page of jid.yaml: its JSON Schema, key by key."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from docs.generator.markdown import code, document, table

_SCHEMA = Path(__file__).resolve().parents[2] / "functions" / "modelserver" / "jid.schema.json"
_INTRODUCTION = """
The one file that a package must have, at its top. It is plain YAML: unknown keys, keys that stand twice, aliases and
tags are errors. `null` or nothing after a key means that it is not said. A text is taken as it was written:
`python_version: 3.10` is 3.10.

Editors complete it with [jid.schema.json](../../functions/modelserver/jid.schema.json); put this on its first line:
`# yaml-language-server: $schema=<where the file lies>`.
"""
_EXAMPLE = """
```yaml jid
name: andreas/scratch
model: infer.py:Model
environment:
  python_version: "3.12"
  python_packages: [torch==2.7.0, pillow==11.0.0]
  system_packages: [ffmpeg]
  architectures: [cpu, gpu]
  cuda: "12.8"
examples:
  - input: {text: hello}
    output: hello world
```
"""


def page() -> str:
    schema = json.loads(_SCHEMA.read_text())
    return document(
        "jid.yaml",
        "`functions/modelserver/jid.schema.json`",
        _INTRODUCTION,
        _EXAMPLE,
        table(["key", "type", "must be said", "meaning"], _rows(schema, "")),
    )


def _rows(schema: dict[str, Any], prefix: str) -> Iterator[list[str]]:
    for name, inner in schema["properties"].items():
        needed = "yes" if name in schema.get("required", []) else ""
        yield [code(prefix + name), _kind(inner), needed, inner.get("description", "")]
        if "properties" in inner:
            yield from _rows(inner, f"{prefix}{name}.")
        elif "properties" in inner.get("items", {}):
            yield from _rows(inner["items"], f"{prefix}{name}[].")


def _kind(schema: dict[str, Any]) -> str:
    """What may stand there, in one word or two."""
    choices = schema.get("items", schema).get("enum") or _choices(schema)
    if choices:
        listed = ", ".join(code(choice) for choice in choices)
        return f"list of {listed}" if "items" in schema else f"one of {listed}"
    kinds = schema.get("type", "any value")
    words = {"object": "table", "array": "list", "string": "text", "number": "number"}
    known = [kinds] if isinstance(kinds, str) else [kind for kind in kinds if kind != "null"]
    return " or ".join(words.get(kind, kind) for kind in known)


def _choices(schema: dict[str, Any]) -> list[str]:
    return next((option["enum"] for option in schema.get("anyOf", []) if "enum" in option), [])
