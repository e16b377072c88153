"""All of Google's ports. Each is made, and its SDK imported, when a function first uses it."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

from modelserver.settings import Settings

if TYPE_CHECKING:
    from modelserver.gcp.cloudbuild import CloudBuildEngine
    from modelserver.gcp.firestore import FirestoreDatabase
    from modelserver.gcp.objects import Objects
    from modelserver.gcp.runner import CloudRunRunner
    from modelserver.gcp.sessions import CloudSessions
    from modelserver.gcp.storage import CloudStorage


class GooglePorts:
    """Ports. Each raises Misconfigured, naming the variable, when a setting that it needs is missing."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings

    @cached_property
    def storage(self) -> CloudStorage:
        from modelserver.gcp.storage import CloudStorage

        return CloudStorage(self._zips)

    @cached_property
    def sessions(self) -> CloudSessions:
        from modelserver.gcp.sessions import CloudSessions

        return CloudSessions(self._zips, self.storage)

    @cached_property
    def database(self) -> FirestoreDatabase:
        from modelserver.gcp.firestore import FirestoreDatabase

        return FirestoreDatabase(self.settings.need("project"), self.settings.need("database"))

    @cached_property
    def engine(self) -> CloudBuildEngine:
        from modelserver.gcp.cloudbuild import cloudbuild

        return cloudbuild(self.settings, self._zips, self.storage)

    @cached_property
    def runner(self) -> CloudRunRunner:
        from modelserver.gcp.runner import cloudrun

        return cloudrun(self.settings)

    @cached_property
    def logs(self) -> Objects:
        """The bucket of the build logs."""
        from modelserver.gcp.objects import Objects

        return Objects(self.settings.need("logs_bucket"), self.settings.need("project"))

    @property
    def plugged(self) -> dict[str, str]:
        return {"Engine": "cloudbuild", "Runner": "cloud run", "Storage": "cloud storage", "Database": "firestore"}

    @cached_property
    def _zips(self) -> Objects:
        from modelserver.gcp.objects import Objects

        return Objects(self.settings.need("bucket"), self.settings.need("project"))
