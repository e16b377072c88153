"""Every attribute and block written in infra/ is one that the provider's real schema has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.cloud.infra_providers import block_schema
from tests.cloud.terraform import Block, configuration

_TERRAFORMS_OWN = {"for_each", "count", "depends_on", "provider", "lifecycle"}
WRITTEN = [block for block in configuration() if block.kind in ("resource", "data")]


@pytest.mark.parametrize("block", WRITTEN, ids=[block.address for block in WRITTEN])
def test_what_is_written_is_in_the_schema(block: Block) -> None:
    assert list(_wrong(block, block_schema(block.kind, block.labels[0]), block.address)) == []


def test_a_misspelt_attribute_is_found() -> None:
    schema = block_schema("resource", "google_storage_bucket")
    inner = Block("soft_delete_policy", (), {"retention_seconds": "1"}, (), "")
    bucket = Block("resource", ("google_storage_bucket", "b"), {"name": "b", "uniform_access": True}, (inner,), "")
    assert sorted(_wrong(bucket, schema, "b")) == [
        "b lacks location",
        "b.soft_delete_policy.retention_seconds is unknown",
        "b.uniform_access is unknown",
    ]


def _wrong(block: Block, schema: dict[str, Any], where: str) -> Iterator[str]:
    attributes, blocks = schema["attributes"], schema["blocks"]
    for name in set(block.attributes) - _TERRAFORMS_OWN:
        if name not in attributes:
            yield f"{where}.{name} is unknown"
        elif not attributes[name]["required"] and not attributes[name]["optional"]:
            yield f"{where}.{name} can only be read"
    for name, attribute in attributes.items():
        if attribute["required"] and name not in block.attributes:
            yield f"{where} lacks {name}"
    for name, inner in _inner(block):
        if name not in blocks:
            yield f"{where}.{name} {{}} is unknown"
        else:
            yield from _wrong(inner, blocks[name], f"{where}.{name}")


def _inner(block: Block) -> Iterator[tuple[str, Block]]:
    for inner in block.blocks:
        if inner.kind == "dynamic":
            yield inner.labels[0], inner.one("content")
        elif inner.kind not in _TERRAFORMS_OWN:
            yield inner.kind, inner
