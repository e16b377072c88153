"""Import time of each function, beside a bare functions-framework function that imports the same Google clients.

    python -m benchmarks.imports [--rounds N] [FUNCTION ...]

Each time is of a new process, from before functions-framework is imported until all is there that the function's
first request uses. The two take turns; medians of N rounds, byte code and disk warm. Seconds of CPU, which imports
are bound by when the disk is warm: what else the machine does is not counted.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from statistics import median

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


@dataclass(frozen=True)
class Function:
    """modules: what its first request imports beside main.py. clients: of Google, which these need."""

    modules: tuple[str, ...]
    clients: tuple[str, ...]


_DATABASE = ("modelserver.gcp.firestore",)
_ZIPS = ("modelserver.gcp.storage",)
_ENGINE = ("modelserver.gcp.cloudbuild",)
_READS = ("modelserver.endpoints", *_DATABASE)
_CHECKS = ("modelserver.uploads", "modelserver.intake", "modelserver.inspection", "modelserver.gcp.sessions", *_ZIPS)
_TAKES_IN = (*_CHECKS, *_DATABASE, *_ENGINE, "modelserver.gcp.recipe", "yaml")

FUNCTIONS = {
    "get": Function(_READS, (FIRESTORE,)),
    "list_packages": Function(_READS, (FIRESTORE,)),
    "download": Function((*_READS, *_ZIPS), (FIRESTORE, STORAGE)),
    "delete_package": Function((*_READS, *_ZIPS, *_ENGINE), (FIRESTORE, STORAGE, BUILD)),
    "check": Function(_CHECKS, (STORAGE,)),
    "upload": Function(_TAKES_IN, (FIRESTORE, STORAGE, BUILD)),
    "on_build": Function(("modelserver.gcp.events", *_DATABASE), (FIRESTORE, STORAGE, BUILD)),
    "api": Function(("modelserver.endpoints", *_TAKES_IN), (FIRESTORE, STORAGE, BUILD)),
}


def main(words: list[str]) -> None:
    parser = argparse.ArgumentParser("python -m benchmarks.imports", description=__doc__)
    parser.add_argument("--rounds", type=int, default=11)
    parser.add_argument("functions", nargs="*", metavar="FUNCTION", help=", ".join(FUNCTIONS))
    asked = parser.parse_args(words)
    if unknown := set(asked.functions) - set(FUNCTIONS):
        parser.error(f"there is no function called {', '.join(sorted(unknown))}")
    print("| function | its imports | bare, same clients | ratio |\n|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        for name in asked.functions or FUNCTIONS:
            ours, bare = _compared(name, FUNCTIONS[name], Path(folder, f"bare_{name}.py"), asked.rounds)
            print(f"| {name} | {ours:.3f} s | {bare:.3f} s | {ours / bare:.2f} |", flush=True)


def _compared(name: str, function: Function, bare: Path, rounds: int) -> tuple[float, float]:
    """Medians of both, in seconds. The first round warms."""
    bare.write_text(_BARE.format(imports="\n".join(function.clients)))
    times = [(_clocked(name, _MAIN, function.modules), _clocked("bare", bare)) for _ in range(rounds + 1)][1:]
    return median(ours for ours, _ in times), median(other for _, other in times)


def _clocked(target: str, source: Path, modules: tuple[str, ...] = ()) -> float:
    command = [sys.executable, "-W", "ignore", "-c", _CLOCK, target, str(source), *modules]
    return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)


if __name__ == "__main__":
    main(sys.argv[1:])
