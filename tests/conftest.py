"""Fixtures that tests in several folders use."""

from tests.cloud.emulators import bucket, calls, firestore_host, firestore_project, shared_storage

__all__ = ["bucket", "calls", "firestore_host", "firestore_project", "shared_storage"]
