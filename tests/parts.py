"""Which real parts the tests ran against: each test notes the ones it meets, and the end of a run counts them.

A part is noted where it is asked, not where it is meant to be: a test that was skipped met none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator
from enum import Enum
from typing import Any

import pytest

__all__ = ["Part", "met", "pytest_runtest_makereport", "pytest_runtest_protocol", "pytest_terminal_summary"]

_NOTE = "real part"


class Part(Enum):
    """By the name that people know."""

    FIRESTORE = "Firestore emulator"
    STORAGE = "fake-gcs-server"
    CLOUD_BUILD = "Cloud Build stand-in"
    GCLOUD = "gcloud CLI"
    FRAMEWORK = "functions-framework"
    DOCKER = "Docker engine"
    REGISTRY = "docker-registry"
    PROCESS = "process engine"
    CHROMIUM = "Chromium"
    TERRAFORM = "terraform"
    SCHEMA = "Terraform provider's schema"
    CHECKOV = "checkov"


_MET: set[Part] = set()


def met(*parts: Part) -> None:
    """The test under way ran against these. From any thread of it."""
    _MET.update(parts)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol() -> Generator[None, object, object]:
    _MET.clear()
    return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    if report.when == "call" and not report.skipped:
        if item.get_closest_marker("docker"):
            met(Part.DOCKER)
        report.user_properties += [(_NOTE, part.value) for part in _MET]
    return report


def pytest_terminal_summary(terminalreporter: Any) -> None:
    reports = [report for reports in terminalreporter.stats.values() for report in reports]
    notes = [note for report in reports if getattr(report, "when", "") == "call" for note in report.user_properties]
    counts = Counter(value for name, value in notes if name == _NOTE)
    if told := [f"{part.value} {counts[part.value]}" for part in Part if counts[part.value]]:
        terminalreporter.write_line(f"tests against real parts: {', '.join(told)}")
