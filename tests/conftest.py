"""Fixtures that tests in several folders use."""

from hypothesis import settings

from tests.cloud.emulators import bucket, calls, firestore_host, firestore_project, shared_storage

__all__ = ["bucket", "calls", "firestore_host", "firestore_project", "shared_storage"]

# How long an example takes is no assertion: machines are busy.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")
