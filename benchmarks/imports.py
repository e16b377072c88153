"""Import time of each function, beside a bare functions-framework function that imports the same Google clients.

Each time is of a new process, from before functions-framework is imported until all is there that the function's
first request uses; byte code and disk warm. Seconds of CPU, which imports are bound by when the disk is warm: what
else the machine does is not counted.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from benchmarks.measuring import in_turn
from benchmarks.table import Row, seconds
from benchmarks.work import Scale, Work

_BOUND = 1.15
_MAIN = Path(__file__).parents[1] / "functions" / "main.py"
_CLOCK = """
import sys, time
began = time.process_time()
from functions_framework import create_app
from importlib import import_module
target, source, *modules = sys.argv[1:]
create_app(target=target, source=source)
for module in modules:
    import_module(module)
print(time.process_time() - began)
"""
_BARE = """
import functions_framework
{imports}

@functions_framework.http
def bare(request):
    return "ok"
"""

FIRESTORE = "from google.cloud import firestore"
STORAGE = "from google.cloud import storage"
BUILD = "from google.cloud.devtools import cloudbuild_v1"
RUN = "from google.cloud import run_v2"


@dataclass(frozen=True)
class Function:
    """modules: what its first request imports beside main.py. clients: of Google, which these need."""

    modules: tuple[str, ...]
    clients: tuple[str, ...]


_DATABASE = ("modelserver.gcp.firestore",)
_ZIPS = ("modelserver.gcp.storage",)
_ENGINE = ("modelserver.gcp.cloudbuild",)
_RUNNER = ("modelserver.gcp.runner",)
_KNOWN = ("modelserver.catalog", *_DATABASE)
_READS = ("modelserver.endpoints", *_KNOWN)
_CHECKS = ("modelserver.uploads", "modelserver.intake", "modelserver.inspection", *_ZIPS)
_TAKES_IN = (*_CHECKS, *_KNOWN, *_ENGINE, "modelserver.gcp.sessions", "modelserver.gcp.recipe", "yaml")

FUNCTIONS = {
    "get": Function(_READS, (FIRESTORE,)),
    "list_packages": Function(_READS, (FIRESTORE,)),
    "download": Function((*_READS, *_ZIPS), (FIRESTORE, STORAGE)),
    "infer": Function(("modelserver.inference", "modelserver.running", *_DATABASE, *_RUNNER), (FIRESTORE, RUN)),
    "delete_package": Function((*_READS, *_ZIPS, *_ENGINE, *_RUNNER), (FIRESTORE, STORAGE, BUILD, RUN)),
    "check": Function(_CHECKS, (STORAGE,)),
    "upload": Function(_TAKES_IN, (FIRESTORE, STORAGE, BUILD)),
    "on_build": Function(("modelserver.gcp.events", *_KNOWN), (FIRESTORE, STORAGE, BUILD)),
    "sweep": Function(("modelserver.catalog", *_DATABASE, *_ZIPS), (FIRESTORE, STORAGE)),
    "api": Function(("modelserver.endpoints", *_TAKES_IN, *_RUNNER), (FIRESTORE, STORAGE, BUILD, RUN)),
}


def _rows(name: str, scale: Scale, folder: Path) -> Iterator[Row]:
    function, bare = FUNCTIONS[name], folder / f"bare_{name}.py"
    bare.write_text(_BARE.format(imports="\n".join(function.clients)))
    ours, theirs = partial(_clocked, name, _MAIN, function.modules), partial(_clocked, "bare", bare)
    pairs = in_turn(ours, theirs, scale.rounds, warm=scale.rounds > 1)
    yield Row.of(f"imports of the function {name}", "a bare function, same clients", pairs, seconds, _BOUND)


def _clocked(target: str, source: Path, modules: tuple[str, ...] = ()) -> float:
    command = [sys.executable, "-W", "ignore", "-c", _CLOCK, target, str(source), *modules]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


WORKS = tuple(Work(f"imports of the function {name}", partial(_rows, name)) for name in FUNCTIONS)
