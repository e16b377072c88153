"""The page of the errors: the table of classes in errors.py."""

from __future__ import annotations

from collections.abc import Iterator

from docs.generator.markdown import code, document, table
from modelserver.errors import Fault, Problem

_INTRODUCTION = """
Every error is `application/problem+json` ([RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)) with `type`, `title`,
`status`, `detail` and `code`. An invalid package has `errors` besides, a list of all that is wrong with it.
"""


def page() -> str:
    kinds = sorted(set(_kinds(Problem)), key=lambda kind: (kind.status, kind.code))
    return document(
        "Errors",
        "`functions/modelserver/errors.py`",
        _INTRODUCTION,
        table(["code", "status", "meaning"], [[code(kind.code), str(kind.status), kind.title] for kind in kinds]),
        "## One of `errors`",
        table(
            ["key", "holds"],
            [[code(key), _MEMBERS[key]] for key in Fault("", "", "").to_json()],
        ),
    )


_MEMBERS = {
    "pointer": "where: a JSON pointer into `jid.yaml` (`/environment/cuda`), or a path in the zip (`src/a.py`)",
    "line": "the line, from 1 on; `null` where there is none",
    "code": "the kind of fault, such as `UNKNOWN_KEY`",
    "detail": "what is wrong",
    "hint": "what to change",
}


def _kinds(kind: type[Problem]) -> Iterator[type[Problem]]:
    yield kind
    for further in kind.__subclasses__():
        yield from _kinds(further)
