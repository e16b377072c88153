"""What the Terraform providers really take: their schemas, read out of the wheels that carry them.

CDK Terrain publishes, for each release of a provider, Python bindings made from that provider's own schema. The
wheel holds them once more as one JSON document (a jsii assembly), in which every property still names the
Terraform attribute it stands for. Nothing of a wheel is imported or run.
"""

from __future__ import annotations

import io
import json
import re
import tarfile
import zipfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_TERRAFORM_NAME = re.compile(r"/docs/(resources|data-sources)/\S+ (\w+)}")
_ATTRIBUTE = re.compile(r"\{@link https://\S+/docs\S*#(\w+) ")
_OURS = ("cdktn.", "constructs.")
_META = {"cdktfResource", "cdktf_resource", "tfResourceType", "cdktn_resource"}
_PRIMITIVES = {"string": '"string"', "number": '"number"', "boolean": '"bool"', "any": '"dynamic"'}


@dataclass
class Attribute:
    """type: Terraform's JSON for it. A computed one that is neither required nor optional is only read."""

    type: str
    required: bool = False
    optional: bool = False
    computed: bool = False


@dataclass
class Block:
    """What stands between two braces. many: whether the block may be given more than once."""

    attributes: dict[str, Attribute] = field(default_factory=dict)
    blocks: dict[str, Block] = field(default_factory=dict)
    required: bool = False
    many: bool = False


@dataclass
class Schema:
    """Type to block, such as google_storage_bucket; `provider` is the provider's own block."""

    resources: dict[str, Block]
    data: dict[str, Block]
    provider: Block

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


def read(wheel: Path, types: set[tuple[str, str]]) -> Schema:
    """The schemas of these (kind, type), kind being resource or data. Raises KeyError naming unknown ones."""
    assembly = _assembly(wheel)
    found = dict(_classes(assembly))
    if missing := types - set(found):
        raise KeyError(f"not in {wheel.name}: {sorted(missing)}")
    schema = Schema({}, {}, _block(assembly, found["provider", ""]))
    for kind, name in sorted(types):
        blocks = schema.resources if kind == "resource" else schema.data
        blocks[name] = _block(assembly, found[kind, name])
    return schema


_Types = dict[str, dict[str, Any]]


def _assembly(wheel: Path) -> _Types:
    with zipfile.ZipFile(wheel) as file:
        inner = next(name for name in file.namelist() if name.endswith(".jsii.tgz"))
        with tarfile.open(fileobj=io.BytesIO(file.read(inner))) as archive:
            member = archive.extractfile("package/.jsii")
            assert member is not None
            types: _Types = json.load(member)["types"]
    return types


def _classes(types: _Types) -> Iterator[tuple[tuple[str, str], str]]:
    """(kind, Terraform's name) and the class that stands for it."""
    for name, described in types.items():
        base = described.get("base", "")
        if base == "cdktn.TerraformProvider":
            yield ("provider", ""), name
        elif base in ("cdktn.TerraformResource", "cdktn.TerraformDataSource"):
            match = _TERRAFORM_NAME.search(described["docs"]["summary"])
            assert match, described["docs"]
            yield ("resource" if match[1] == "resources" else "data", match[2]), name


def _block(types: _Types, name: str) -> Block:
    """Of a class: what its configuration takes, and what it offers to be read."""
    config = next(p["type"]["fqn"] for p in types[name]["initializer"]["parameters"] if p["name"] == "config")
    block = _taken(types, config)
    for attribute, kind in _offered(types, name):
        if attribute not in block.attributes and attribute not in block.blocks:
            block.attributes[attribute] = Attribute(kind, computed=True)
    if "id" in block.attributes:
        block.attributes["id"].computed = True
    return block


def _taken(types: _Types, name: str) -> Block:
    """What a configuration, or a block inside one, takes."""
    block = Block()
    for described in types[name].get("properties", []):
        match = _ATTRIBUTE.search(described["docs"].get("summary", "") + described["docs"].get("remarks", ""))
        if not match:
            continue
        optional = described.get("optional", False)
        inner, many = _struct(described["type"])
        if inner and described["docs"].get("summary", "").endswith(" block."):
            block.blocks[match[1]] = _inner(types, inner, many, not optional)
        else:
            block.attributes[match[1]] = Attribute(_type(described["type"]), not optional, optional)
    return block


def _inner(types: _Types, name: str, many: bool, required: bool) -> Block:
    block = _taken(types, name)
    block.many, block.required = many, required
    for attribute, kind in _offered(types, f"{name}OutputReference"):
        if attribute not in block.attributes and attribute not in block.blocks:
            block.attributes[attribute] = Attribute(kind, computed=True)
    return block


def _offered(types: _Types, name: str) -> Iterator[tuple[str, str]]:
    """What can be read of a class: its properties that are no echo of what was put in."""
    for described in types.get(name, {}).get("properties", []):
        hidden = described.get("static") or described.get("protected") or described["name"].endswith("Input")
        if not hidden and described["name"] not in ("internalValue", "fqn", *_META):
            yield _snake(described["name"]), _type(described["type"])


def _struct(kind: dict[str, Any]) -> tuple[str, bool]:
    """The struct that a type is made of, "" if none, and whether it is a list of them."""
    if fqn := kind.get("fqn", ""):
        return ("" if fqn.startswith(_OURS) else fqn), False
    if collection := kind.get("collection"):
        return _struct(collection["elementtype"])[0], True
    for part in kind.get("union", {}).get("types", []):
        inner, many = _struct(part)
        if inner:
            return inner, many
    return "", False


def _type(kind: dict[str, Any]) -> str:
    if "primitive" in kind:
        return _PRIMITIVES[kind["primitive"]]
    if collection := kind.get("collection"):
        nested = "map" if collection["kind"] == "map" else "list"
        return f'["{nested}",{_type(collection["elementtype"])}]'
    if "union" in kind:
        return next(
            (_type(part) for part in kind["union"]["types"] if part.get("fqn") != "cdktn.IResolvable"), '"dynamic"'
        )
    named = {"cdktn.IResolvable": '"bool"', "cdktn.StringMap": '["map","string"]'}
    return named.get(kind.get("fqn", ""), '"dynamic"')


def _snake(camel: str) -> str:
    return re.sub(r"(?<!^)([A-Z])", r"_\1", camel).lower()
