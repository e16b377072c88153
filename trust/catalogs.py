"""The catalog beside a model of its promises, crashed at random calls of its ports."""

from __future__ import annotations

from collections.abc import Iterator

from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from trust.catalog.machine import CatalogMachine
from trust.row import Row, at_least, none_of

_LIVES = (60, 4000)
_STEPS = 50


def rows(full: bool) -> Iterator[Row]:
    """A life is a data folder from its first server to its last; after each step everything is looked at."""
    lives = _LIVES[full]
    broken: list[str] = []
    chosen = settings(
        max_examples=lives,
        stateful_step_count=_STEPS,
        deadline=None,
        database=None,
        derandomize=not full,
        suppress_health_check=list(HealthCheck),
    )
    try:
        run_state_machine_as_test(CatalogMachine, settings=chosen)
    except Exception as error:
        broken.append(repr(error))
    yield none_of("lives of a catalog that broke a promise", lives, broken)
    yield at_least("steps in them", CatalogMachine.steps, lives)
    yield at_least("crashes in them", CatalogMachine.crashes, lives // 2)
