"""A new package that runs: the files that `init` writes."""

from __future__ import annotations

import re
from pathlib import Path

from modelserver.config import ModelName
from modelserver_cli.exits import Exit
from modelserver_cli.failure import Failure

_CONFIG = """\
name: {name}
model: infer.py:Model
# What the model needs around it. What is not said is chosen by the server, with its reason.
# environment:
#   python_version: "3.12"
#   python_packages: [numpy==2.2.6]
# The test: a package is published once these come out as said.
examples:
  - input: {text: you, times: 2}
    output: hello you you
"""
_CODE = '''\
import jid


class Model(jid.Model):
    def setup(self):
        """Runs once: load weights here."""
        self.greeting = "hello"

    def run(self, text: str = "world", times: int = jid.Input(1, ge=1, le=10)) -> str:
        """Runs for each inference. The arguments' types are the model's schema."""
        return " ".join([self.greeting] + [text] * times)
'''
_FILES = {"jid.yaml": _CONFIG, "infer.py": _CODE}


def begin(root: Path, name: str) -> list[Path]:
    """Writes the files; those written. name: of the model, "" for the directory's. Raises Failure USAGE."""
    called = name or _suggested(root)
    if ModelName.parse(called) is None:
        hint = "lower case letters and digits, . _ - inside and / between: --name andreas/scratch"
        raise Failure(Exit.USAGE, f"{called!r} cannot be a model's name.", hint)
    taken = [path for path in _FILES if (root / path).exists()]
    if taken:
        raise Failure(Exit.USAGE, f"{root / taken[0]} is there already; nothing was written.", "choose a new directory")
    try:
        return [_written(root / path, text.replace("{name}", called)) for path, text in _FILES.items()]
    except OSError as error:
        raise Failure(Exit.USAGE, f"{root} cannot be written to: {error.strerror}.") from None


def _written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def _suggested(root: Path) -> str:
    """The directory's own name, as far as it can be one."""
    return re.sub(r"[^a-z0-9]+", "-", root.resolve().name.lower()).strip("-") or "model"
