"""The commands: serve, test, schema. Each loads what it needs when it is its turn."""

import os
import sys
from typing import TYPE_CHECKING, Any, Dict, List, NamedTuple, Optional

from jid.config import Config, read_config
from jid.failure import CONFIG_INVALID, INTERNAL, Failure

if TYPE_CHECKING:
    import argparse

    from jid.keep.birth import Born
    from jid.trial.report import Report

_ALL = "0.0.0.0"  # noqa: S104  # a container is reached from outside


class _Said(NamedTuple):
    """The command line."""

    command: str
    host: str = _ALL
    port: Optional[int] = None
    unix: Optional[str] = None


def main(arguments: List[str]) -> int:
    """Run one command; the exit status is 0 when all went well, 1 when the model failed, 2 for wrong usage."""
    is_usual = arguments == ["serve"]  # as in an image, where loading argparse can be spared
    said = _Said("serve") if is_usual else _Said(**vars(parser().parse_args(arguments)))
    if said.command == "test":
        return _test()
    try:
        config = read_config(dict(os.environ))
        return _schema(config) if said.command == "schema" else _serve(config, said)
    except Failure as failure:
        print("{}: {}".format(failure.code, failure.detail), file=sys.stderr)
        return 1


def parser() -> "argparse.ArgumentParser":
    """What reads any other command line."""
    import argparse

    found = argparse.ArgumentParser(prog="jid", description="Serves, tests and describes the model of this package.")
    commands = found.add_subparsers(dest="command", metavar="serve|test|schema")
    commands.required = True
    serve = commands.add_parser("serve", help="answer HTTP requests")
    serve.add_argument("--host", default=_ALL, help="address to listen on (default: all)")
    serve.add_argument("--port", type=int, help="default: AIP_HTTP_PORT, PORT or 5000; 0: any that is free")
    serve.add_argument("--unix", metavar="PATH", help="listen on a Unix socket there, and on no port")
    commands.add_parser("test", help="run the examples and print one JSON report")
    commands.add_parser("schema", help="print the schema of the inputs and the output")
    return found


def _test() -> int:
    """Whatever happens, exactly one JSON document is printed."""
    from jid.trial.report import Report

    try:
        report = _tested(read_config(dict(os.environ)))
    except Failure as failure:
        report = Report([], 0.0, None, failure)
    except Exception as error:  # such as no room for a temporary file, or no right to start a process
        import traceback

        traceback.print_exc(file=sys.stderr)
        report = Report([], 0.0, None, Failure(INTERNAL, "{}: {}".format(type(error).__name__, error)))
    _print(report.json())
    return 1 if report.failure else 0


def _tested(config: Config) -> "Report":
    from jid.looped import looped
    from jid.trial.test import test

    return looped(test(config))


def _schema(config: Config) -> int:
    from jid.keep.starting import start
    from jid.looped import looped
    from jid.trial.report import schema

    async def describe() -> Any:
        running = await start(config)
        try:
            return schema(await running.described())
        finally:
            await running.stop()

    _print(looped(describe()))
    return 0


def _serve(config: Config, said: _Said) -> int:
    """The model's process is started before this one loads its server, and so loads beside it."""
    from jid.scratch import new_directory, remove
    from jid.web.listening import listening_at, listening_on

    port = _port(dict(os.environ)) if said.port is None else said.port
    listening = listening_at(said.unix) if said.unix else listening_on(said.host, port)
    temporary = os.path.realpath(new_directory(prefix="jid-"))
    try:
        first = _first(config, temporary)
        from jid.looped import looped
        from jid.web.server import serve

        looped(serve(config, listening, temporary, first))
    finally:
        remove(temporary)
    return 0


def _first(config: Config, temporary: str) -> "Optional[Born]":
    from jid.keep.birth import bear

    try:
        return bear(config, temporary)
    except (OSError, RuntimeError):  # no room yet; the server says so, and tries again
        return None


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
    import json

    sys.stdout.buffer.write(json.dumps(document, ensure_ascii=False, indent=1).encode("utf-8", "replace") + b"\n")
    sys.stdout.buffer.flush()
