"""The code blocks of the texts, and what their first line says of them.

```sh run            executed, with all others of its page, in order
```sh server         started in the background; the page goes on when it answers
```sh listed         not executed; test_blocks.py says why not, and looks at it in another way
```text output       what the block before it prints; an ellipsis stands for anything
```python file=PATH  written there when its turn comes (any language)
```yaml jid          a jid.yaml that the server takes
```python model      a model's code that the runtime can describe
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
KINDS = ("run", "server", "listed", "output", "jid", "model")
_FENCE = re.compile(r"^```([^\n`]*)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@dataclass(frozen=True)
class Block:
    """page: its path in the repository. line: of its first fence. language, kind: what the fence says."""

    page: str
    line: int
    language: str
    kind: str
    text: str

    @property
    def place(self) -> str:
        return f"{self.page}:{self.line}"

    @property
    def file(self) -> str:
        """Where it is to be written, "" if nowhere."""
        return self.kind.removeprefix("file=") if self.kind.startswith("file=") else ""


def blocks(page: Path) -> list[Block]:
    text = page.read_text()
    name = str(page.relative_to(ROOT))
    return [_block(name, text, found) for found in _FENCE.finditer(text)]


def _block(page: str, text: str, found: re.Match[str]) -> Block:
    language, _, kind = found[1].strip().partition(" ")
    return Block(page, text.count("\n", 0, found.start()) + 1, language, kind.strip(), found[2])
