"""A page's blocks executed in one shell, from top to bottom, as a reader would type them."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from tests.docs.blocks import Block

_MARK = "::block {}::"
_PATIENCE = 240  # seconds for a page
_PROLOGUE = """
set -eu -o pipefail -m
started=""
trap 'exec >/dev/null 2>&1; for each in $started; do kill -- -$each || true; done; wait' EXIT
"""
_AWAIT = """
started="$started $!"
for _ in $(seq 600); do curl --silent --output /dev/null {address}/v1/health && break; sleep 0.1; done
"""


class Session:
    """folder: where it begins. environment: of the shell. instead: what is read in place of some words."""

    def __init__(self, folder: Path, environment: Mapping[str, str], address: str, instead: Mapping[str, str]) -> None:
        self._folder = folder
        self._environment = dict(environment)
        self._address = address
        self._instead = dict(instead)

    def run(self, blocks: Iterable[Block]) -> dict[Block, str]:
        """What each block printed, both streams together. Fails, with all of it, when a block does."""
        listed = [block for block in blocks if block.kind in ("run", "server") or block.file]
        script = self._folder.parent / f"{self._folder.name}.sh"
        script.write_text(_PROLOGUE + "".join(self._words(number, block) for number, block in enumerate(listed)))
        status, said = self._executed(script)
        parts = re.split(r"^::block \d+::\n", said, flags=re.MULTILINE)[1:]
        if status != 0:
            raise AssertionError(f"{listed[len(parts) - 1].place} ended with {status}:\n{said[-8000:]}")
        return dict(zip(listed, parts, strict=True))

    def _words(self, number: int, block: Block) -> str:
        text = self._read(block.text)
        begin = f"\nprintf '\\n{_MARK.format(number)}\\n'\n"
        if block.kind == "server":
            log = f">{shlex.quote(str(self._folder))}.server.log 2>&1"
            return f"{begin}{{\n{text}}} {log} &\n{_AWAIT.format(address=self._address)}"
        if block.file:
            file = shlex.quote(block.file)
            return f"{begin}mkdir -p $(dirname {file})\ncat > {file} <<'END OF BLOCK'\n{text}END OF BLOCK\n"
        return begin + text

    def _read(self, text: str) -> str:
        for words, other in self._instead.items():
            text = text.replace(words, other)
        return text

    def _executed(self, script: Path) -> tuple[int, str]:
        process = subprocess.Popen(
            ["bash", str(script)],
            cwd=self._folder,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )
        try:
            return_value, _ = process.communicate(timeout=_PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGTERM)
            return_value, _ = process.communicate(timeout=30)
        return process.returncode, return_value


def is_like(said: str, written: str) -> bool:
    """Whether a page's output is what was printed; an ellipsis on a line is anything there, alone any lines."""
    pattern = "".join(_line(line) for line in written.splitlines())
    return re.fullmatch(pattern, said.rstrip("\n") + "\n") is not None


def _line(line: str) -> str:
    if line.strip() == "…":
        return r"(?:.*\n)*"
    return ".*".join(re.escape(part) for part in line.rstrip().split("…")) + r"[ \t]*\n"
