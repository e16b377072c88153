"""Dockerfiles for tests: small ones, slow ones, and a builder that takes them in place of the project's own."""

from __future__ import annotations

from pathlib import Path

from local.docker_engine import DockerBuilder
from modelserver.archive import Archive
from modelserver.config import Architecture
from modelserver.frameworks import Facts
from modelserver.package import Package
from modelserver.settings import Settings

RUNTIME = Path(__file__).parents[2] / "runtime" / "jid"

_BASE = "FROM localhost/python:3.11-slim"
_FILES = "COPY runtime/ /opt/jid/\nCOPY model/ /model/\n"

PLAIN = f"""\
{_BASE}
{_FILES}USER 1000
WORKDIR /model/src
ENTRYPOINT ["python", "-I", "-S", "/opt/jid/jid/__main__.py"]
"""
STAGES = PLAIN.replace(_BASE, f"{_BASE} AS other\nCOPY model/ /seen/\n{_BASE}\nCOPY --from=other /seen/ /seen/")
SLOW_BUILD = f"{_BASE}\n{_FILES}RUN echo asleep; sleep 600\n"
SLOW_TEST = f'{_BASE}\n{_FILES}ENTRYPOINT ["sh", "-c", "echo asleep >&2; sleep 600"]\n'


class RecipeBuilder(DockerBuilder):
    """Builds every package after one given Dockerfile."""

    def __init__(self, recipe: str, settings: Settings) -> None:
        super().__init__(settings, Facts.load(), RUNTIME)
        self._recipe = recipe

    def dockerfile(self, package: Package, archive: Archive, architecture: Architecture) -> str:
        return self._recipe
