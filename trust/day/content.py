"""What is uploaded in a day: small packages, made from a seed, whose IDs are computed here anew.

Nothing of the server's own reading is used: its ID of a package is compared with the one that git's rules give.
"""

from __future__ import annotations

import hashlib
import io
import random
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal["good", "slow", "failing"]
Files = Mapping[str, bytes]

_CODE: dict[Kind, str] = {
    "good": "class Model:\n    def run(self, text: str = 'world') -> str:\n        return 'hello ' + text\n",
    "slow": "import time\nclass Model:\n    def run(self, text: str = 'world') -> str:\n"
    "        time.sleep(0.7)\n        return 'hello ' + text\n",
    "failing": "class Model:\n    def run(self, text: str = 'world') -> str:\n        raise ValueError('no cheese')\n",
}
_KINDS: list[Kind] = ["good", "good", "good", "slow", "failing"]
_MOST = 300_000


@dataclass(frozen=True)
class Content:
    """A package. zips: the same files twice, in different bytes. kind: how its test goes."""

    id: str
    name: str
    kind: Kind
    zips: tuple[bytes, bytes]

    @classmethod
    def made(cls, number: int, seed: str, owner: str) -> Content:
        chance = random.Random(f"{seed}/{owner}/{number}")
        kind, name = chance.choice(_KINDS), f"{owner}/model-{number % 3}"
        files = {
            "jid.yaml": f"name: {name}\nmodel: infer.py:Model\n".encode(),
            "infer.py": _CODE[kind].encode() + f"# {seed} {number}\n".encode(),
            "weights/a.bin": chance.randbytes(chance.randrange(_MOST)),
            "weights-b.bin": chance.randbytes(10),
        }
        return cls(
            tree_id(files), name, kind, (_zipped(files, zipfile.ZIP_DEFLATED), _zipped(files, zipfile.ZIP_STORED))
        )


def files_of(data: bytes) -> Files:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def tree_id(files: Files) -> str:
    """Of files that are no programs, by git's rules (Git Internals, "Git Objects")."""
    return _tree({tuple(path.split("/")): content for path, content in files.items()}).hex()


def _tree(files: Mapping[tuple[str, ...], bytes]) -> bytes:
    entries = []
    for name in {path[0] for path in files}:
        below = {path[1:]: content for path, content in files.items() if path[0] == name}
        if () in below:
            entries.append((name.encode(), b"100644", _object(b"blob", below[()])))
        else:
            entries.append((name.encode() + b"/", b"40000", _tree(below)))
    return _object(
        b"tree", b"".join(b"%s %s\0%s" % (mode, name.rstrip(b"/"), sha) for name, mode, sha in sorted(entries))
    )


def _object(kind: bytes, content: bytes) -> bytes:
    return hashlib.sha1(b"%s %d\0%s" % (kind, len(content), content), usedforsecurity=False).digest()


def _zipped(files: Files, compression: int) -> bytes:
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", compression) as archive:
        for path, content in files.items():
            archive.writestr(zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0)), content, compression)
    return target.getvalue()
