"""`python -m local`: the server of one machine."""

from __future__ import annotations

import argparse
import ctypes
import ipaddress
import os
import signal
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from gunicorn.app.base import BaseApplication
from werkzeug.wrappers import Request

from local.application import respond
from local.house import House
from modelserver.settings import Settings, tools

_PR_SET_PDEATHSIG = 1
_THREADS = 256


class Server(BaseApplication):
    """gunicorn with one worker process: the house is opened in it, and it ends with its parent."""

    def __init__(self, address: str, open_house: Callable[[], House], ready: Callable[[House], None]) -> None:
        self._address = address
        self._open = open_house
        self._ready = ready
        super().__init__()

    def load_config(self) -> None:
        options = {
            "bind": self._address,
            "worker_class": "gthread",
            "threads": _THREADS,
            "timeout": 0,
            "graceful_timeout": 5,
            "loglevel": "warning",
            "post_fork": lambda server, worker: _end_with_parent(),
        }
        for name, value in options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        house = self._open()
        self._ready(house)

        def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
            return respond(Request(environ), lambda: house)(environ, start_response)

        return application


def main(words: Sequence[str]) -> int:
    asked = _parser().parse_args(words)
    settings = _settings(asked)
    address = f"{asked.host}:{asked.port}"
    if not _is_loopback(asked.host) and not settings.token:
        print(
            f"{asked.host} can be reached by others, and there is no token. Set MODELSERVER_TOKEN to a long"
            " random text, or leave --host out to serve this machine alone.",
            file=sys.stderr,
        )
        return 2
    Server(
        address,
        lambda: House.open(settings, tools(os.environ)),
        lambda house: print(_greeting(address, house), flush=True),
    ).run()
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m local", description="Builds, tests and serves model packages.")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (default: %(default)s)")
    parser.add_argument("--port", type=int, default=8080, help="port to listen on (default: %(default)s)")
    parser.add_argument("--data", type=Path, help="folder of zips, logs and records (default: .modelserver)")
    parser.add_argument("--engine", choices=["auto", "docker", "process"], help="what builds (default: auto)")
    parser.add_argument("--docker-registry", help="where images are pushed, such as localhost:5001/models")
    return parser


def _settings(asked: argparse.Namespace) -> Settings:
    given = {"data": asked.data, "engine": asked.engine, "registry": asked.docker_registry}
    known = Settings.from_environment(os.environ)
    return replace(known, **{name: value for name, value in given.items() if value is not None})


def _greeting(address: str, house: House) -> str:
    at = f"http://{address}/v1/packages"
    warning = "It isolates nothing: build only what you trust.\n" if house.ports.engine.name == "process" else ""
    return (
        f"modelserver at http://{address}, engine: {house.ports.engine.name}. {warning}\n"
        f"  (cd examples/hello && zip -qr ../../hello.zip .)\n"
        f'  curl -X POST {at}/upload -F "file=@hello.zip"\n'
        f"  curl {at}/\n"
        f"  curl {at}/<id>\n"
        f"  curl {at}/<id>.zip > my-package.zip\n"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _end_with_parent() -> None:
    """However the parent ends, kill -9 too, so that nobody is left who holds the port and the data folder."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
