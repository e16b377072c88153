"""The Google root: one function for each operation, and `api` for all of them at one URL."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable
from functools import cache

import functions_framework
from cloudevents.http import CloudEvent
from werkzeug.wrappers import Request, Response

from modelserver.app import Surface, handle, stand_in_for
from modelserver.gcp.ports import GooglePorts
from modelserver.services import Services
from modelserver.settings import Settings

gc.set_threshold(200_000, 10, 10)  # imports make half as many objects, which all stay: no start pays for a look at them
stand_in_for(functions_framework.errorhandler)


@cache
def _ports() -> GooglePorts:
    return GooglePorts(Settings.from_environment(os.environ))


@cache
def _services() -> Services:
    return Services(_ports(), _ports().settings)


def _http(root: str, *endpoints: str) -> Callable[[Request], Response]:
    """A function of these endpoints, the whole surface if none are named. root: what `/` of its own URL means."""
    return lambda request: handle(request, _services, Surface(endpoints, root))


upload = _http("/v1/packages/upload", "uploads.upload", "uploads.begin")
check = _http("/v1/packages/check", "uploads.check")
get = _http("/v1/packages/", "endpoints.get", "models.package_badge")
download = _http("/v1/packages/", "endpoints.download", "endpoints.log", "comparison.endpoint.diff")
infer = _http("/v1/packages/", "inference.infer")
list_packages = _http("/v1/packages/", "endpoints.list_packages", "models.newest", "models.badge")
delete_package = _http("/v1/packages/", "endpoints.delete")
api = _http("")


@functions_framework.cloud_event
def on_build(event: CloudEvent) -> None:
    """Raises, so that the message comes again, when the end of a build could not be recorded."""
    from modelserver.gcp.events import record_end

    record_end(event.data, _ports().logs, _services().catalog)


@functions_framework.cloud_event
def sweep(event: CloudEvent) -> None:
    """Removes zips that no record names: an instance that ended in mid-step may leave one. To be told now and then."""
    _ports().storage.sweep(_services().catalog.known().uploads, _ports().settings.sweep_after)
