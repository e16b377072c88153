"""Reads the Terraform files of infra/ as blocks: enough to ask what is written there, without terraform itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hcl2

INFRA = Path(__file__).resolve().parents[2] / "infra"
_NOTES = ("__is_block__", "__comments__", "__inline_comments__")
_LABELS = {"resource": 2, "data": 2, "variable": 1, "output": 1, "provider": 1}


@dataclass(frozen=True)
class Block:
    """`kind label label { … }`. A value is text as it stands there, but for quotes; a list or map holds such values."""

    kind: str
    labels: tuple[str, ...]
    attributes: dict[str, Any]
    blocks: tuple[Block, ...]
    file: str

    @property
    def address(self) -> str:
        """As Terraform writes it: google_storage_bucket.packages."""
        return ".".join(self.labels if self.kind == "resource" else (self.kind, *self.labels))

    def nested(self, kind: str) -> Iterator[Block]:
        """The blocks of a kind anywhere inside."""
        for block in self.blocks:
            if block.kind == kind:
                yield block
            yield from block.nested(kind)

    def one(self, kind: str) -> Block:
        (block,) = self.nested(kind)
        return block


def configuration(folder: Path = INFRA) -> tuple[Block, ...]:
    """Every top-level block of a folder's .tf files."""
    return tuple(block for path in sorted(folder.glob("*.tf")) for block in _file(path))


def resources(type_: str = "") -> tuple[Block, ...]:
    """The resources of infra/, or those of one type."""
    return tuple(b for b in configuration() if b.kind == "resource" and (not type_ or b.labels[0] == type_))


def resource(type_: str, name: str) -> Block:
    (block,) = (block for block in resources(type_) if block.labels[1] == name)
    return block


def local_value(name: str) -> Any:
    """What a `locals` block gives this name. Raises KeyError if none does."""
    for block in configuration():
        if block.kind == "locals" and name in block.attributes:
            return block.attributes[name]
    raise KeyError(name)


def _file(path: Path) -> Iterator[Block]:
    for kind, bodies in hcl2.loads(path.read_text()).items():
        if kind not in _NOTES:
            for body in bodies:
                yield _block(kind, body, _LABELS.get(kind, 0), path.name)


def _block(kind: str, body: dict[str, Any], labels: int, file: str) -> Block:
    found = []
    for _ in range(labels):
        (label,) = (key for key in body if key not in _NOTES)
        found.append(_bare(label))
        body = body[label]
    inner = {key: value for key, value in body.items() if key not in _NOTES}
    nested = {key: value for key, value in inner.items() if _is_blocks(value)}
    return Block(
        kind=kind,
        labels=tuple(found),
        attributes={_bare(key): _value(value) for key, value in inner.items() if key not in nested},
        blocks=tuple(
            _block(name, part, 1 if name == "dynamic" else 0, file) for name, parts in nested.items() for part in parts
        ),
        file=file,
    )


def _is_blocks(value: Any) -> bool:
    """A dynamic block's body stands one level below its label, and so does the mark that it is a block."""
    parts = value if isinstance(value, list) else []
    marks = [part for part in parts if isinstance(part, dict)]
    return bool(marks) and all("__is_block__" in str(part) for part in marks)


def _value(value: Any) -> Any:
    if isinstance(value, str):
        return _bare(value)
    if isinstance(value, list):
        return [_value(item) for item in value]
    if isinstance(value, dict):
        return {_bare(key): _value(item) for key, item in value.items() if key not in _NOTES}
    return value


def _bare(text: str) -> str:
    """Without the quotes that hcl2 leaves around a literal; `${…}` marks an expression and stays."""
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return text[1:-1] if quoted else text
