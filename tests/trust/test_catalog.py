"""The catalog beside its model, for a short while; the long one is `make trust FULL=1`."""

from __future__ import annotations

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from local.files import FileStorage
from trust.catalog.machine import CatalogMachine

_SHORT = settings(max_examples=30, stateful_step_count=30, deadline=None, database=None, derandomize=True)


def test_what_was_answered_holds_whatever_crashes() -> None:
    before = CatalogMachine.crashes
    run_state_machine_as_test(CatalogMachine, settings=_SHORT)
    assert CatalogMachine.crashes > before + 5


def test_a_catalog_that_forgets_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine itself: a package that is recorded before its zip is there is not let pass."""
    monkeypatch.setattr(FileStorage, "keep", lambda self, name: None)
    with pytest.raises(AssertionError):
        run_state_machine_as_test(CatalogMachine, settings=settings(_SHORT, report_multiple_bugs=False))
