"""Cloud Build's API, in the few calls this program makes. Only here is its SDK imported."""

from __future__ import annotations

import time
from functools import cached_property

from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import BadRequest, FailedPrecondition, NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud.devtools.cloudbuild_v1 import Build, CloudBuildClient
from google.protobuf import json_format

from modelserver.errors import Unavailable
from modelserver.gcp.calls import calling
from modelserver.jsontypes import Object

__all__ = ["Build", "Builds", "has_ended", "read_build", "read_message"]

_TIMEOUT = 30.0
_PAUSE = 1.0
_CANCELLING = 120.0
_ENDED = {
    Build.Status.SUCCESS,
    Build.Status.FAILURE,
    Build.Status.INTERNAL_ERROR,
    Build.Status.TIMEOUT,
    Build.Status.CANCELLED,
    Build.Status.EXPIRED,
}


def has_ended(build: Build) -> bool:
    return build.status in _ENDED


def read_build(value: Object) -> Build:
    """A build's JSON of our own. Raises ValueError at any field that is none."""
    return _parsed(value, ignore_unknown_fields=False)


def read_message(value: Object) -> Build:
    """A build's JSON from Cloud Build, which may have fields that this SDK does not know. Raises ValueError."""
    return _parsed(value, ignore_unknown_fields=True)


def _parsed(value: Object, *, ignore_unknown_fields: bool) -> Build:
    if not isinstance(value, dict):  # what ParseDict does not look at
        raise ValueError("this is no build of Cloud Build, for it is no object")
    build = Build()
    try:
        json_format.ParseDict(value, Build.pb(build), ignore_unknown_fields=ignore_unknown_fields)
    except json_format.ParseError as error:
        raise ValueError(f"this is no build of Cloud Build: {error}") from None
    return build


class Builds:
    """The builds of one project in one location. Every method may raise Unavailable and Misconfigured.

    endpoint: "" for Google's own; one that starts with http:// is sent no credentials.
    """

    def __init__(self, project: str, location: str, endpoint: str = "") -> None:
        self._project = project
        self._parent = f"projects/{project}/locations/{location}"
        self._endpoint = endpoint

    def create(self, build: Build) -> None:
        """Returns when it is queued. Not idempotent: CreateBuild knows no request ID (cloudbuild.proto)."""
        with calling("Cloud Build"):
            try:
                self._client.create_build(
                    request={"parent": self._parent, "project_id": self._project, "build": build}, timeout=_TIMEOUT
                )
            except (BadRequest, NotFound) as error:
                raise Unavailable(f"Cloud Build does not take the build: {error.message}") from None

    def find(self, tag: str) -> Build | None:
        """The first build with this tag: should two have been created at once, all who look agree on one."""
        with calling("Cloud Build"):
            found = self._client.list_builds(
                request={"parent": self._parent, "project_id": self._project, "filter": f'tags="{tag}"'},
                timeout=_TIMEOUT,
            )
            return min(found, key=lambda build: (build.create_time, build.id), default=None)

    def cancel(self, tag: str) -> None:
        """Returns when every build with this tag has ended; no error if there is none."""
        until = time.monotonic() + _CANCELLING
        while (build := self.find(tag)) and not has_ended(build):
            if time.monotonic() > until:
                raise Unavailable("Cloud Build has not ended the build yet. Try again in a moment.")
            self._cancel(build)
            time.sleep(_PAUSE)

    def _cancel(self, build: Build) -> None:
        """No error if it ends meanwhile."""
        with calling("Cloud Build"):
            try:
                name = f"{self._parent}/builds/{build.id}"
                self._client.cancel_build(
                    request={"name": name, "project_id": self._project, "id": build.id}, timeout=_TIMEOUT
                )
            except (BadRequest, FailedPrecondition, NotFound):
                return

    @cached_property
    def _client(self) -> CloudBuildClient:
        """Over REST: the tests' stand-in speaks it, so that what was tested is what runs."""
        options = ClientOptions(api_endpoint=self._endpoint) if self._endpoint else None
        nobody = AnonymousCredentials() if self._endpoint.startswith("http://") else None
        with calling("Cloud Build"):
            return CloudBuildClient(transport="rest", client_options=options, credentials=nobody)
