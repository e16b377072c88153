"""The Google root: one function for each operation, and `api` for all of them at one URL."""

from __future__ import annotations

import os
from functools import cache

import functions_framework
from cloudevents.http import CloudEvent
from werkzeug.wrappers import Request, Response

from modelserver.app import Surface, handle
from modelserver.gcp.ports import GooglePorts
from modelserver.services import Services
from modelserver.settings import Settings


@cache
def _settings() -> Settings:
    return Settings.from_environment(os.environ)


@cache
def _ports() -> GooglePorts:
    return GooglePorts(_settings())


@cache
def _services() -> Services:
    return Services(_ports(), _settings())


def upload(request: Request) -> Response:
    mount = "/v1/packages" if request.path.startswith("/uploads") else "/v1/packages/upload"
    return handle(request, _services, Surface(("uploads.upload", "uploads.begin"), mount))


def check(request: Request) -> Response:
    return handle(request, _services, Surface(("uploads.check",), "/v1/packages/check"))


def get(request: Request) -> Response:
    return handle(request, _services, Surface(("endpoints.get",), "/v1/packages"))


def download(request: Request) -> Response:
    return handle(request, _services, Surface(("endpoints.download", "endpoints.log"), "/v1/packages"))


def list_packages(request: Request) -> Response:
    return handle(request, _services, Surface(("endpoints.list_packages",), "/v1/packages"))


def delete_package(request: Request) -> Response:
    return handle(request, _services, Surface(("endpoints.delete",), "/v1/packages"))


def api(request: Request) -> Response:
    return handle(request, _services)


@functions_framework.cloud_event
def on_build(event: CloudEvent) -> None:
    """Raises, so that the message comes again, when the end of a build could not be recorded."""
    from modelserver.gcp.events import ended_build

    if ended := ended_build(event.data, _ports().logs):
        _services().catalog.record(ended.package_id, ended.build, ended.outcome)
