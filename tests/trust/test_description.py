"""A few generated requests for each operation; more of them are `make trust`."""

from __future__ import annotations

from pathlib import Path

from modelserver.app import ROUTES
from trust.description import described


def test_the_server_answers_as_it_describes_itself(tmp_path: Path) -> None:
    cases, failures, said = described(tmp_path, 2)
    assert failures == [], said
    assert cases >= len(ROUTES)
