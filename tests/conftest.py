"""Fixtures that tests in several folders use, and the count of the real parts that they met."""

from hypothesis import settings

from tests.cloud.emulators import bucket, calls, firestore_host, firestore_project, shared_storage
from tests.parts import pytest_runtest_makereport, pytest_runtest_protocol, pytest_terminal_summary

__all__ = [
    "bucket",
    "calls",
    "firestore_host",
    "firestore_project",
    "pytest_runtest_makereport",
    "pytest_runtest_protocol",
    "pytest_terminal_summary",
    "shared_storage",
]

# How long an example takes is no assertion: machines are busy.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
