"""Whatever text a database holds, users see the package and no more."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from modelserver.record import Record, written
from tests.packages import record

_PACKAGE = replace(record(7), test={"Output": 'a "quoted" line\n  "Upload": "x",\n}', "Of": {}}, error={"é": [[], {}]})
_SHOWN = json.dumps(_PACKAGE.to_json(), indent=2, ensure_ascii=False)


@pytest.mark.parametrize(
    "text",
    [
        written(_PACKAGE),
        json.dumps(_PACKAGE.to_record(), separators=(",", ":"), ensure_ascii=False),
        json.dumps(_PACKAGE.to_record()),
        json.dumps(_PACKAGE.to_record(), indent=1),
    ],
)
def test_what_is_shown_does_not_depend_on_how_it_was_written(text: str) -> None:
    assert Record(text).shown() == _SHOWN
    assert Record(text).package == _PACKAGE
    assert _PACKAGE.upload not in Record(text).shown()
