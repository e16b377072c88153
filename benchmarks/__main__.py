"""Everything that is to be fast, beside what it is measured by; one table.

    python -m benchmarks [--quick] [--rounds N] [--size MIB] [NAME ...]

Ends with 1 if a bound is broken or a measurement fails. What a row needs and this machine lacks is named in its
place, with the cure. --quick shows that all of it runs, in small sizes that no bound is for.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from importlib import import_module
from pathlib import Path

from benchmarks.table import Row, head, left_out, line
from benchmarks.work import QUICK, Missing, Scale, Work

MODULES = ("upload", "download", "reading", "building", "imports")


def main(words: list[str]) -> int:
    """The exit status."""
    asked = _parser().parse_args(words)
    if unknown := set(asked.names) - set(MODULES):
        _parser().error(f"there is no benchmark called {', '.join(sorted(unknown))}: {', '.join(MODULES)}")
    scale = QUICK if asked.quick else Scale()
    given = {"mebibytes": asked.size, "rounds": asked.rounds}
    scale = replace(scale, **{name: value for name, value in given.items() if value})
    print(head(), flush=True)
    works = [work for name in asked.names or MODULES for work in import_module(f"benchmarks.{name}").WORKS]
    done = [_done(work, scale) for work in works]
    return 0 if all(done) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser("python -m benchmarks", description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small sizes, to see that it runs; nothing is judged")
    parser.add_argument("--rounds", type=int, help="pairs for each row")
    parser.add_argument("--size", type=int, help="MiB of a large package (default: 1024, which the bounds are for)")
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(MODULES))
    return parser


def _done(work: Work, scale: Scale) -> bool:
    """Whether all went well; prints the rows."""
    if missing := work.missing():
        print(left_out(work.name, f"left out, it needs {missing}"), flush=True)
        return True
    if work.slow and not scale.is_full and scale.rounds == QUICK.rounds:
        print(left_out(work.name, "left out, as it takes minutes in any size"), flush=True)
        return True
    good = True
    try:
        for row in _measured(work, scale):
            print(line(row, scale.is_full), flush=True)
            good = good and (row.holds or not scale.is_full)
    except Missing as missing:
        print(left_out(work.name, f"left out: {missing}"), flush=True)
    except Exception as error:
        print(left_out(work.name, f"FAILED: {error}"), flush=True)
        return False
    return good


def _measured(work: Work, scale: Scale) -> Iterator[Row]:
    with tempfile.TemporaryDirectory(prefix="modelserver-bench-") as folder:
        yield from work.rows(scale, Path(folder))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
