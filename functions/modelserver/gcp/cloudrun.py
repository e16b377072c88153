"""Cloud Run's API, in the few calls this program makes. Only here is its SDK imported."""

from __future__ import annotations

import time
from functools import cached_property
from typing import Any

from google.api_core.client_options import ClientOptions
from google.api_core.exceptions import AlreadyExists, BadRequest, NotFound
from google.auth.credentials import AnonymousCredentials
from google.cloud.run_v2 import Condition, Service, ServicesClient

from modelserver.errors import NoAnswer, Unavailable
from modelserver.gcp.calls import calling

__all__ = ["CloudRun", "Service"]

_TIMEOUT = 30.0
_PAUSE = 1.0
_State = Condition.State


class CloudRun:
    """The services of one project in one location. Every method may raise Unavailable and Misconfigured.

    endpoint: "" for Google's own; one that starts with http:// is sent no credentials. patience: seconds for which a
    service may take to come up, or to go.
    """

    def __init__(self, project: str, location: str, endpoint: str = "", patience: float = 300.0) -> None:
        self._parent = f"projects/{project}/locations/{location}"
        self._endpoint = endpoint
        self._patience = patience

    def find(self, name: str) -> Service | None:
        with calling("Cloud Run"):
            try:
                found: Service = self._client.get_service(name=self._path(name), timeout=_TIMEOUT)
                return found
            except NotFound:
                return None

    def create(self, name: str, service: Service) -> bool:
        """Returns before it is ready; False if there is one of this name already."""
        with calling("Cloud Run"):
            try:
                self._client.create_service(parent=self._parent, service=service, service_id=name, timeout=_TIMEOUT)
            except AlreadyExists:
                return False
            except BadRequest as error:
                raise Unavailable(f"Cloud Run does not take the service: {error.message}") from None
        return True

    def ready(self, name: str) -> Service:
        """The service as soon as it answers. Raises NoAnswer with Cloud Run's reason if it never will."""
        until = time.monotonic() + self._patience
        while True:
            service = self.find(name)
            if service is None:
                raise NoAnswer("Its service on Cloud Run was removed while it was started.")
            if not service.reconciling and service.terminal_condition.state == _State.CONDITION_SUCCEEDED:
                return service
            if not service.reconciling and service.terminal_condition.state == _State.CONDITION_FAILED:
                raise NoAnswer(f"Cloud Run could not start it: {service.terminal_condition.message}")
            if time.monotonic() > until:
                raise Unavailable("Cloud Run is still starting it. Try again.", headers={"Retry-After": "10"})
            time.sleep(_PAUSE)

    def remove(self, name: str) -> None:
        """Returns when it is gone; no error if there is none."""
        with calling("Cloud Run"):
            try:
                self._client.delete_service(name=self._path(name), timeout=_TIMEOUT)
            except NotFound:
                return
        until = time.monotonic() + self._patience
        while self.find(name) is not None:
            if time.monotonic() > until:
                raise Unavailable("Cloud Run has not removed the service yet. Try again in a moment.")
            time.sleep(_PAUSE)

    def _path(self, name: str) -> str:
        return f"{self._parent}/services/{name}"

    @cached_property
    def _client(self) -> Any:
        """Over REST: the tests' stand-in speaks it, so that what was tested is what runs."""
        options = ClientOptions(api_endpoint=self._endpoint) if self._endpoint else None
        nobody = AnonymousCredentials() if self._endpoint.startswith("http://") else None
        with calling("Cloud Run"):
            return ServicesClient(transport="rest", client_options=options, credentials=nobody)
