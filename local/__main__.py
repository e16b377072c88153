"""`python -m local`: the server of one machine; `python -m local verify`: is what it stores sound?"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from local.application import opened
from local.guard import is_loopback
from local.house import House
from local.prctl import hide
from local.server import CANNOT_START, Server, complain, listening
from local.verify import verify
from modelserver.errors import Misconfigured
from modelserver.settings import Settings

_MOST_PORT = 65535


def main(words: Sequence[str]) -> int:
    """The exit status; 2, after one line that says why, if it cannot start."""
    if words[:1] == ["verify"]:
        return verify(words[1:])
    asked = _parser().parse_args(words)
    try:
        _serve(asked)
    except Misconfigured as problem:
        complain(problem)
        return CANNOT_START
    return 0


def _serve(asked: argparse.Namespace) -> None:
    """Raises Misconfigured before it serves, SystemExit when it has."""
    settings = _settings(asked)
    host = asked.host.strip("[]")
    if not (is_loopback(host) and host) and not settings.token:
        raise Misconfigured(
            f"{host} can be reached by others, and there is no token. Set MODELSERVER_TOKEN to a long"
            " random text, or leave --host out to serve this machine alone."
        )
    bound = listening(host, asked.port)
    address = f"[{host}]:{asked.port}" if ":" in host else f"{host}:{asked.port}"
    hide()
    Server(
        bound,
        lambda: opened(settings, os.environ),
        lambda house: print(_greeting(address, house), flush=True),
    ).run()


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        "python -m local",
        description="Builds, tests and serves model packages.",
        epilog="python -m local verify [--help]: is what a data folder holds sound?",
    )
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=_port, default=8080, help="port to listen on (default: %(default)s)")
    parser.add_argument("--data", type=Path, help="folder of zips, logs and records (default: .modelserver)")
    parser.add_argument("--engine", choices=["auto", "docker", "process"], help="what builds (default: auto)")
    parser.add_argument("--docker-registry", help="where images are pushed, such as localhost:5001/models")
    return parser


def _port(text: str) -> int:
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _MOST_PORT):
        raise argparse.ArgumentTypeError(f"{text} is no port: say a number from 1 to {_MOST_PORT}")
    return int(text)


def _settings(asked: argparse.Namespace) -> Settings:
    given = {"data": asked.data, "engine": asked.engine, "registry": asked.docker_registry}
    known = Settings.from_environment(os.environ)
    return replace(known, **{name: value for name, value in given.items() if value is not None})


def _greeting(address: str, house: House) -> str:
    at = f"http://{address}/v1/packages"
    warning = "It isolates nothing: build only what you trust.\n" if house.ports.engine.name == "process" else ""
    return (
        f"modelserver at http://{address}, engine: {house.ports.engine.name}. {warning}\n"
        f"  in a browser: http://{address}/\n"
        f"  (cd examples/hello && zip -qr ../../hello.zip .)\n"
        f'  curl -X POST {at}/upload -F "file=@hello.zip"\n'
        f"  curl {at}/\n"
        f"  curl {at}/<id>\n"
        f"  curl {at}/<id>.zip > my-package.zip\n"
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
