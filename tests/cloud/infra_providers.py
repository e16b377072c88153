"""The providers that infra/ uses, at the versions it is checked against."""

from __future__ import annotations

import json
from functools import cache
from hashlib import sha256
from typing import Any

from tests.cloud.infra_schema import read
from tests.cloud.infra_wheels import KEPT, wheel
from tests.cloud.terraform import configuration
from tests.parts import Part, met

# Bindings of cdktn, and the provider's release that they were made from (infra/versions.tf asks for it or later).
GOOGLE = ("cdktn-provider-google", "21.1.0")  # hashicorp/google 8.7.0
ARCHIVE = ("cdktn-provider-archive", "14.0.1")  # hashicorp/archive 2.8.1
_SOURCES = {"google": GOOGLE, "archive": ARCHIVE}


@cache
def schemas() -> dict[str, Any]:
    """Provider address to infra_schema.Schema as JSON, for the types that infra/ uses.

    Reading the bindings takes seconds and most of a gigabyte of memory; what came of it is kept.
    """
    used = {(b.kind, b.labels[0]) for b in configuration() if b.kind in ("resource", "data")}
    key = sha256(repr((sorted(used), _SOURCES)).encode()).hexdigest()[:16]
    kept = KEPT / f"schemas-{key}.json"
    if not kept.exists():
        found = {
            f"registry.terraform.io/hashicorp/{name}": read(
                wheel(*source), {(kind, type_) for kind, type_ in used if type_.startswith(f"{name}_")}
            ).to_json()
            for name, source in _SOURCES.items()
        }
        kept.write_text(json.dumps(found))
    loaded: dict[str, Any] = json.loads(kept.read_text())
    return loaded


def block_schema(kind: str, type_: str) -> dict[str, Any]:
    """infra_schema.Block as JSON. Raises KeyError if no provider has such a resource."""
    met(Part.SCHEMA)
    for schema in schemas().values():
        part = schema["resources" if kind == "resource" else "data"]
        if type_ in part:
            found: dict[str, Any] = part[type_]
            return found
    raise KeyError(type_)
