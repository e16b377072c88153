"""The server's own OpenAPI document, held to it by schemathesis: generated requests, and what came of them."""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.local.conftest import serving
from trust.row import Row, at_least, none_of

_CASES = (20, 1000)
# What a described server must not do; the rest of schemathesis' checks is about taste.
_CHECKS = "not_a_server_error,status_code_conformance,content_type_conformance,response_schema_conformance"


def rows(full: bool) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="modelserver-trust-") as folder:
        cases, failures, said = described(Path(folder), _CASES[full])
    yield none_of("requests that the server answers otherwise than it says", cases, failures)
    yield at_least("generated requests", cases, _CASES[full])
    if not cases:
        yield Row("schemathesis", said[-200:], ok=False)


def described(folder: Path, examples: int) -> tuple[int, list[str], str]:
    """How many requests there were, what failed, and all that schemathesis said. examples: for each operation."""
    with serving(folder, "--engine", "process", MAX_WAIT="1") as server:
        command = [sys.executable, "-m", "schemathesis.cli", "run", f"{server.address}/v1/openapi.json"]
        command += ["--checks", _CHECKS, "--max-examples", str(examples), "--seed", "1", "--no-color"]
        command += ["--request-timeout", "60", "--suppress-health-check", "all"]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    said = done.stdout + done.stderr
    counted = re.search(r"([\d,]+) generated", said)
    failures = (re.findall(r"^- (.+)$", said, re.MULTILINE) or [said[-300:]]) if done.returncode else []
    return int(counted[1].replace(",", "")) if counted else 0, failures, said
