"""An inference from the command line: inputs as words, the answer as what it is."""

from __future__ import annotations

import json
import mimetypes
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx

from modelserver_cli.exits import Exit
from modelserver_cli.failure import Failure
from modelserver_cli.refusal import unreachable
from modelserver_cli.screen import print_out
from modelserver_cli.server import Server

_TEXTS = ("text/", "application/x-ndjson")
_MODELS_OWN = ("RUN_FAILED", "SETUP_FAILED", "IMPORT_FAILED", "MODEL_DIED", "TIMED_OUT")


def infer(server: Server, package_id: str, inputs: Sequence[str], whole: str, output: Path | None) -> None:
    """Asks and prints. inputs: name=value, or name=@file. whole: a file of JSON, - for standard input, "" for none.

    output: where the answer goes, if not to standard output. Raises Failure; REFUSED when the model did not answer.
    """
    with ExitStack() as files:
        body = _json(whole) if whole else _form(inputs, files)
        try:
            with server.infer(package_id, **body) as answer:
                _deliver(answer, output, server)
        except Failure as failure:
            raise _of_the_model(failure) from failure


def _json(whole: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if whole == "-" else Path(whole).read_text()
        return {"json": json.loads(text)}
    except OSError as error:
        raise Failure(Exit.USAGE, f"{whole} cannot be read: {error.strerror}.") from None
    except ValueError as error:
        raise Failure(Exit.USAGE, f"{whole} is not JSON: {error}.") from None


def _form(inputs: Sequence[str], files: ExitStack) -> dict[str, Any]:
    """Multipart, since a value may be a file; the model's types decide what a text means."""
    if not inputs:
        return {"json": {}}
    return {"files": [_part(words, files) for words in inputs]}


def _part(words: str, files: ExitStack) -> tuple[str, Any]:
    name, equals, value = words.partition("=")
    if not (name and equals):
        raise Failure(Exit.USAGE, f"{words!r} is no input.", "write name=value, or name=@file for a file")
    if not value.startswith("@"):
        return name, (None, value)
    path = Path(value[1:])
    try:
        file = files.enter_context(path.open("rb"))
    except OSError as error:
        raise Failure(Exit.USAGE, f"{path} cannot be read: {error.strerror}.") from None
    return name, (path.name, file, mimetypes.guess_type(path.name)[0] or "application/octet-stream")


def _deliver(answer: httpx.Response, output: Path | None, server: Server) -> None:
    kind = answer.headers.get("Content-Type", "").partition(";")[0]
    try:
        if output:
            with output.open("wb") as file:
                for chunk in answer.iter_bytes():
                    file.write(chunk)
        elif kind == "application/json":
            answer.read()
            print_out(json.dumps(answer.json(), indent=2, ensure_ascii=False))
        elif kind.startswith(_TEXTS):
            for line in answer.iter_lines():
                print_out(line)
        else:
            _bytes_out(answer, kind)
    except httpx.HTTPError as error:
        raise unreachable(error, server.address) from error
    except OSError as error:
        if output is None:
            raise
        raise Failure(Exit.USAGE, f"{output} cannot be written: {error.strerror}.") from None


def _bytes_out(answer: httpx.Response, kind: str) -> None:
    if sys.stdout.isatty():
        raise Failure(Exit.USAGE, f"The answer is a file ({kind}).", "say where it should go: --output FILE")
    for chunk in answer.iter_bytes():
        sys.stdout.buffer.write(chunk)
    sys.stdout.buffer.flush()


def _of_the_model(failure: Failure) -> Failure:
    """A model that fails says so with 500 or 504, in a problem of its own."""
    if failure.exit_status is Exit.NO_SERVER and failure.document.get("code") in _MODELS_OWN:
        failure.exit_status = Exit.REFUSED
    return failure
