"""What a model says of itself may be anything: its page is made all the same, and nothing of it is markup."""

from __future__ import annotations

import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from werkzeug.wrappers import Request

from modelserver.app import handle
from modelserver.jsontypes import Object
from modelserver.package import Artifact, Outcome
from modelserver.services import Services
from modelserver.settings import Settings
from tests.core.test_catalog import World
from tests.packages import model, zipped

_MARK = "<b onclick='x'>\"&"
_WORDS = st.one_of(st.just(_MARK), st.text(max_size=10))
_ANYTHING = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), _WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(_WORDS, inner, max_size=3)),
    max_leaves=8,
)
_KEYS = ("type", "format", "enum", "default", "minimum", "maximum", "maxLength", "pattern", "anyOf", "description")
_PART = st.one_of(_ANYTHING, st.dictionaries(st.sampled_from((*_KEYS, "contentMediaType")), _ANYTHING, max_size=5))
_INPUT = st.fixed_dictionaries(
    {},
    optional={
        "properties": st.one_of(_ANYTHING, st.dictionaries(_WORDS, _PART, max_size=4)),
        "required": _ANYTHING,
        "additionalProperties": _ANYTHING,
    },
)
_SCHEMA = st.fixed_dictionaries(
    {}, optional={"Input": st.one_of(_ANYTHING, _INPUT), "Output": _ANYTHING, "Stream": _ANYTHING}
)
_EXAMPLE = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("Input", "Expected", "Output", "Seconds", "Passed", "Error"), _ANYTHING)
)
_TEST = st.fixed_dictionaries(
    {},
    optional={
        "Passed": _ANYTHING,
        "Examples": st.one_of(_ANYTHING, st.lists(_EXAMPLE, max_size=3)),
        **dict.fromkeys(("SetupSeconds", "PeakMemory", "Python", "Packages", "Error"), _ANYTHING),
    },
)


def shown(schema: Object, test: Object, files: dict[str, str | bytes] | None = None) -> str:
    """The page of a ready package whose model said this."""
    world = World()
    services = Services(world, Settings(python="3.11"))
    package, _ = services.intake.upload(iter([zipped(files or model(more="examples:\n  - input: {a: 1}\n"))]))
    world.engine.end(package, Outcome((Artifact("docker-cpu", "registry/name:tag", "sha256:0"),), schema, test))
    request = Request.from_values(f"/v1/packages/{package.id}", headers={"Accept": "text/html"})
    services.catalog.settle(package)
    answer = handle(request, lambda: services)
    assert (answer.status_code, answer.mimetype) == (200, "text/html"), answer.get_data(as_text=True)
    return answer.get_data(as_text=True)


@settings(max_examples=150)
@given(schema=_SCHEMA, test=_TEST)
def test_whatever_a_model_says_is_shown(schema: Any, test: Any) -> None:
    text = shown(schema, test)
    assert "<b onclick" not in text
    assert not re.search(r"<[^>]*=\"[^\"]*<b ", text)


@pytest.mark.parametrize("number", [10**400, -(10**400), 1e308, -1, True])
def test_a_number_may_be_none(number: float) -> None:
    assert "passed" in shown({}, {"Passed": True, "PeakMemory": number, "SetupSeconds": number, "Examples": []})


def test_a_form_does_not_grow_without_end() -> None:
    properties: Object = {f"input{number}": {"enum": [str(each) for each in range(2000)]} for number in range(300)}
    assert len(shown({"Input": {"properties": properties}}, {"Passed": True})) < 5_000_000


@pytest.mark.parametrize("count", [0, 1000])
def test_many_files_are_counted_and_the_first_are_listed(count: int) -> None:
    files = {**model(), **{f"data/{number:05}.txt": "x" for number in range(count)}}
    text = shown({}, {}, files)
    assert f"{count + 2} files" in text
    assert text.count("/files/data/") == min(count, 298)


@pytest.mark.parametrize("damaged", [b"", b"no zip at all", zipped(model())[:-30]])
def test_a_package_whose_zip_is_damaged_is_shown_without_its_files(damaged: bytes) -> None:
    world = World()
    services = Services(world, Settings(python="3.11"))
    package, _ = services.intake.upload(iter([zipped(model())]))
    world.storage._zips[package.upload] = (0.0, damaged)
    request = Request.from_values(f"/v1/packages/{package.id}", headers={"Accept": "text/html"})
    answer = handle(request, lambda: services)
    assert answer.status_code == 200
    assert "The zip cannot be read" in answer.get_data(as_text=True)
