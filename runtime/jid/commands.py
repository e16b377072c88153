"""The commands: serve, test, schema."""

import argparse
import asyncio
import json
import os
import sys
import traceback
from typing import Any, Coroutine, Dict, List, Optional, TypeVar

from jid.config import Config, read_config
from jid.failure import CONFIG_INVALID, INTERNAL, Failure
from jid.keep.starting import start
from jid.trial.report import Report, schema
from jid.trial.test import test
from jid.web.server import serve

_T = TypeVar("_T")


def main(arguments: List[str]) -> int:
    """Run one command; the exit status is 0 when all went well, 1 when the model failed, 2 for wrong usage."""
    said = _parser().parse_args(arguments)
    if said.command == "test":
        return _test()
    try:
        config = read_config(dict(os.environ))
        return _schema(config) if said.command == "schema" else _serve(config, said.host, said.port)
    except Failure as failure:
        print("{}: {}".format(failure.code, failure.detail), file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="jid", description="Serves, tests and describes the model of this package.")
    commands = parser.add_subparsers(dest="command", metavar="serve|test|schema")
    commands.required = True
    serve = commands.add_parser("serve", help="answer HTTP requests")
    serve.add_argument("--host", default="0.0.0.0", help="address to listen on (default: all)")  # noqa: S104
    serve.add_argument("--port", type=int, help="default: AIP_HTTP_PORT, PORT or 5000; 0: any that is free")
    commands.add_parser("test", help="run the examples and print one JSON report")
    commands.add_parser("schema", help="print the schema of the inputs and the output")
    return parser


def _test() -> int:
    """Whatever happens, exactly one JSON document is printed."""
    try:
        report = _run(test(read_config(dict(os.environ))))
    except Failure as failure:
        report = Report([], 0.0, None, failure)
    except Exception as error:  # such as no room for a temporary file, or no right to start a process
        traceback.print_exc(file=sys.stderr)
        report = Report([], 0.0, None, Failure(INTERNAL, "{}: {}".format(type(error).__name__, error)))
    _print(report.json())
    return 1 if report.failure else 0


def _schema(config: Config) -> int:
    async def describe() -> Any:
        running = await start(config)
        try:
            return schema(await running.described())
        finally:
            await running.stop()

    _print(_run(describe()))
    return 0


def _serve(config: Config, host: str, port: Optional[int]) -> int:
    _run(serve(config, host, _port(dict(os.environ)) if port is None else port))
    return 0


def _port(environment: Dict[str, str]) -> int:
    """Vertex AI names AIP_HTTP_PORT, Cloud Run PORT; otherwise 5000."""
    for name in ("AIP_HTTP_PORT", "PORT"):
        text = environment.get(name)
        if text:
            if not text.isdigit():
                raise Failure(CONFIG_INVALID, "{} must be a number, not {!r}".format(name, text))
            return int(text)
    return 5000


def _print(document: Any) -> None:
    sys.stdout.buffer.write(json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n")
    sys.stdout.buffer.flush()


def _run(work: "Coroutine[Any, Any, _T]") -> _T:
    """asyncio.run, which Python 3.6 does not have."""
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    try:
        return loop.run_until_complete(work)
    finally:
        loop.close()
        asyncio.set_event_loop(None)
