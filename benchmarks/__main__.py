"""Every benchmark in turn, one table each.

    python -m benchmarks [--size MIB] [NAME ...]

What lacks a program or a library is left out, and says so.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib.util import find_spec


@dataclass(frozen=True)
class Benchmark:
    """programs: on PATH, and how to come by them. libraries: to import. sized: the words before a size in MiB;
    None where there is no size to choose."""

    name: str
    about: str
    programs: tuple[tuple[str, str], ...] = ()
    libraries: tuple[str, ...] = ()
    sized: tuple[str, ...] | None = None

    def missing(self) -> str:
        """What it lacks here, in words; "" if nothing."""
        lacking = [f"{name} ({cure})" for name, cure in self.programs if not shutil.which(name)]
        lacking += [f"{name} (make bench installs it)" for name in self.libraries if not find_spec(name)]
        return ", ".join(lacking)

    def run(self, size: int | None) -> int:
        """The exit status. size: MiB; None for its own."""
        words = [*self.sized, str(size)] if size and self.sized is not None else []
        return subprocess.run([sys.executable, "-m", f"benchmarks.{self.name}", *words]).returncode


BENCHMARKS = (
    Benchmark(
        "upload",
        "an upload, to the answer 202, beside docker-registry's PUT of the same bytes",
        (("docker-registry", "apt-get install docker-registry"), ("curl", "apt-get install curl")),
        sized=("--size",),
    ),
    Benchmark("formdata", "parsers of multipart forms", libraries=("streaming_form_data",), sized=()),
    Benchmark("imports", "import time of each function, beside a bare one with the same Google clients"),
    Benchmark("inflate", "checksums and inflate, and the archive's own reading", libraries=("zlib_ng",), sized=()),
)


def main(words: list[str]) -> int:
    """Not 0 if a benchmark failed."""
    parser = argparse.ArgumentParser("python -m benchmarks", description="Every benchmark in turn, one table each.")
    parser.add_argument("--size", type=int, help="MiB to measure on (default: 1024)")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(each.name for each in BENCHMARKS))
    asked = parser.parse_args(words)
    if unknown := set(asked.names) - {each.name for each in BENCHMARKS}:
        parser.error(f"there is no benchmark called {', '.join(sorted(unknown))}")
    chosen = [each for each in BENCHMARKS if each.name in asked.names or not asked.names]
    return max(_run(each, asked.size) for each in chosen)


def _run(benchmark: Benchmark, size: int | None) -> int:
    print(f"\n{benchmark.name}: {benchmark.about}", flush=True)
    if missing := benchmark.missing():
        print(f"left out: it needs {missing}", flush=True)
        return 0
    return benchmark.run(size)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
