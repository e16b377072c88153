"""${_NAME} and $NAME in a build's fields, as "Substituting variable values" of Cloud Build's documentation says."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from google.cloud.devtools.cloudbuild_v1 import Build

_PLACE = re.compile(r"\$\$|\$(?:\{(?P<braced>[A-Z_][A-Z0-9_]*)\}|(?P<bare>[A-Z_][A-Z0-9_]*))")
_STRANGE = re.compile(r"\$(?![A-Z_{$])|\$\{(?![A-Z_][A-Z0-9_]*\})")


def rewrite(build: Build, change: Callable[[str], str]) -> None:
    """Applies `change` to every text in which Cloud Build substitutes. Scripts are not among them."""
    for step in build.steps:
        step.name, step.entrypoint, step.dir_ = change(step.name), change(step.entrypoint), change(step.dir_)
        step.args[:] = map(change, step.args)
        step.env[:] = map(change, step.env)
    build.images[:] = map(change, build.images)
    build.logs_bucket = change(build.logs_bucket)
    build.service_account = change(build.service_account)


def names(build: Build) -> set[str]:
    """Which substitutions the build uses. Raises ValueError at a dollar that is none."""
    found: set[str] = set()

    def collect(text: str) -> str:
        if strange := _STRANGE.search(text.replace("$$", "")):
            raise ValueError(f"invalid value for a substitution at {text[strange.start() :][:40]!r}: write $$ for $")
        found.update(filter(None, (place["braced"] or place["bare"] for place in _PLACE.finditer(text))))
        return text

    rewrite(build, collect)
    return found


def expand(build: Build, values: Mapping[str, str]) -> None:
    """In place; what has no value becomes empty."""

    def value(place: re.Match[str]) -> str:
        return "$" if place[0] == "$$" else values.get(place["braced"] or place["bare"], "")

    rewrite(build, lambda text: _PLACE.sub(value, text))
