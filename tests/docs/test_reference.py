"""docs/reference says what the code says, and says it of everything."""

from __future__ import annotations

from dataclasses import fields

import pytest
from werkzeug.utils import import_string

from docs.generator.pages import REFERENCE, pages
from docs.generator.settings import described
from modelserver.app import ROUTES
from modelserver.settings import Settings


@pytest.mark.parametrize("name", list(pages()))
def test_a_page_of_reference_is_up_to_date(name: str) -> None:
    """`make docs` writes it anew."""
    assert (REFERENCE / name).read_text() == pages()[name]


def test_no_page_of_reference_is_left_over() -> None:
    assert {path.name for path in REFERENCE.iterdir()} == set(pages())


def test_every_route_is_explained_by_its_endpoints_docstring() -> None:
    assert [route for route in ROUTES if not import_string(f"modelserver.{route[2]}").__doc__] == []


def test_every_setting_is_explained_by_the_docstring_under_it() -> None:
    assert {field.name for field in fields(Settings)} == set(described())
