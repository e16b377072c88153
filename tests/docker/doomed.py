"""A server that builds one package and is about to be killed: `doomed.py RECORD ZIP RECIPE LOG`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from local.job import Job
from modelserver.archive import Limits, open_archive
from modelserver.memory import MemoryReader
from modelserver.package import Package
from modelserver.settings import Settings
from tests.docker.recipes import RecipeBuilder


def main(record: Path, packed: Path, recipe: Path, log: Path) -> None:
    package = Package.from_record(json.loads(record.read_text()))
    archive = open_archive(MemoryReader(packed.read_bytes()), Limits(1000, 1024**3, 1000))
    job = Job(log, 600)
    job.start()
    RecipeBuilder(recipe.read_text(), Settings()).build(package, archive, job)


main(*map(Path, sys.argv[1:]))
