"""The page of the routes: each endpoint's docstring, under its address."""

from __future__ import annotations

from werkzeug.utils import import_string

from docs.generator.markdown import code, document, first, paragraphs, table
from modelserver.app import ROUTES

_INTRODUCTION = """
Answers are JSON, errors are [problem documents](errors.md); a browser (`Accept: text/html`) gets
[pages](../explanation/pages.md) at the same addresses, and with `?format=json` what programs get. With
`MODELSERVER_TOKEN` set, whatever does not say otherwise needs it as `Authorization: Bearer <token>`; for GET,
`MODELSERVER_READ_TOKEN` does too.
"""


def page() -> str:
    found = [
        (f"{method} {_shown(path)}", import_string(f"modelserver.{name}").__doc__) for method, path, name in ROUTES
    ]
    overview = table(["route", "what it does"], [[code(route), first(text)] for route, text in found])
    return document(
        "Routes",
        "the docstrings of the endpoints that `functions/modelserver/app.py` lists",
        _INTRODUCTION,
        overview,
        *("\n\n".join([f"## {code(route)}", *paragraphs(text)]) for route, text in found),
    )


def _shown(path: str) -> str:
    return path.replace("package_id", "id").replace("path:", "")


def _docstring(endpoint: str) -> str:
    return import_string(f"modelserver.{endpoint}").__doc__ or ""
