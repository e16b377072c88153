"""`python -m local verify`: is the data folder still what its server answered?"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

from local.audit import Audit
from local.house import builder
from local.job import Job
from local.server import CANNOT_START
from modelserver.audit import ANEW, Damage
from modelserver.errors import Misconfigured, Problem
from modelserver.frameworks import Facts
from modelserver.package import Package, PackageID
from modelserver.settings import Settings, tools

_DESCRIPTION = """Reads every zip again and compares it with its record and its artifacts, and looks for what no record
names. Nothing is changed. The server may run meanwhile, or not. Ends with 0 if all is sound, 1 if something is
damaged, 2 if there is no data folder to look at."""


def verify(words: Sequence[str]) -> int:
    """The exit status; each damage and its cure are printed."""
    parser = argparse.ArgumentParser("python -m local verify", description=_DESCRIPTION)
    parser.add_argument("--data", type=Path, help="folder of zips, logs and records (default: .modelserver)")
    parser.add_argument("--retest", nargs="+", default=[], metavar="ID", help="also run the test of these packages")
    asked = parser.parse_args(words)
    try:
        settings = Settings.from_environment(os.environ)
        settings = replace(settings, data=asked.data or settings.data)
        audit = Audit(settings.data)
        found = audit.all()
        for text in asked.retest:
            found.damage += _retested(text, audit, settings)
    except Misconfigured as problem:
        print(f"modelserver cannot verify: {problem.detail}", file=sys.stderr)
        return CANNOT_START
    print("\n".join(found.lines(str(settings.data))))
    return 1 if found.damage else 0


def _retested(text: str, audit: Audit, settings: Settings) -> Iterator[Damage]:
    package_id = PackageID.parse(text)
    package = audit.records.get(package_id) if package_id else None
    if package is None or package.status != "ready":
        raise Misconfigured(f"--retest {text}: no package that is ready has this ID.")
    error = _test(package, settings)
    print(f"{package.id}: {'it does not pass its test' if error else 'it passes its test'}")
    if error:
        yield Damage(package.id, f"it does not pass its test any more: {error}", ANEW)


def _test(package: Package, settings: Settings) -> str:
    """Why it did not pass; "" if it did."""
    kind = package.artifacts[0].target.partition("-")[0]
    made = builder(replace(settings, engine=kind), Facts.load(settings.facts), tools(os.environ))
    with tempfile.TemporaryDirectory(prefix="modelserver-retest-") as folder:
        job = Job(Path(folder) / "log.txt", settings.build_timeout)
        try:
            job.start()
            outcome = made.test(package, job)
        except Problem as problem:
            return problem.detail
        finally:
            job.close()
    return str(outcome.error.get("detail", "")) if outcome.error else ""
