"""What Cloud Run refuses, as far as its protos (google/cloud/run/v2) and its documentation say."""

from __future__ import annotations

import re
from collections.abc import Iterator

from google.cloud.run_v2 import Container, RevisionTemplate, Service

_ID = re.compile(r"[a-z](?:[a-z0-9-]{0,47}[a-z0-9])?")  # service.proto: CreateServiceRequest.service_id, below 50
_LABEL = re.compile(r"[a-z0-9_-]{0,63}")
_IMAGE = re.compile(r"[a-z0-9.:-]+(?:/[a-z0-9._-]+)+(?:@sha256:[0-9a-f]{64}|:[\w.-]+)")
_ACCOUNT = re.compile(r"[a-z0-9-]+@[a-z0-9.-]+")
_MEMORY = re.compile(r"(\d+)Mi")
_CPUS = {"1": 4096, "2": 8192, "4": 16384, "8": 32768}  # the most MiB
_LEAST_MEMORY = 512  # of the second generation
_SUBNETWORK = re.compile(r"(projects/[^/]+/regions/[^/]+/subnetworks/)?[a-z0-9-]+")


def refusals(service_id: str, service: Service) -> list[str]:
    """Every reason not to take the service; empty if it is sound."""
    return [*_of_service(service_id, service), *_of_template(service.template)]


def _of_service(service_id: str, service: Service) -> Iterator[str]:
    if not _ID.fullmatch(service_id):
        yield f"service_id: {service_id!r} is not like a-service, of at most 49 characters"
    if service.name:
        yield "service.name: must be empty in create requests"
    for key, value in service.labels.items():
        if not _LABEL.fullmatch(key) or not _LABEL.fullmatch(value):
            yield f"service.labels: {key}={value} is no label"


def _of_template(template: RevisionTemplate) -> Iterator[str]:
    if not _ACCOUNT.fullmatch(template.service_account):
        yield f"template.service_account: {template.service_account!r} is no e-mail address"
    if not 1 <= template.max_instance_request_concurrency <= 1000:
        yield "template.max_instance_request_concurrency: 1 to 1000"
    if not 1 <= template.timeout.total_seconds() <= 3600:  # type: ignore[attr-defined]  # proto-plus shows a timedelta
        yield "template.timeout: 1 to 3600 seconds"
    if template.scaling.min_instance_count > template.scaling.max_instance_count:
        yield "template.scaling: min is more than max"
    for interface in template.vpc_access.network_interfaces:
        if not _SUBNETWORK.fullmatch(interface.subnetwork):
            yield f"template.vpc_access: {interface.subnetwork!r} is no subnetwork"
    if len(template.containers) != 1:
        yield "template.containers: this stand-in takes one"
    for container in template.containers:
        yield from _of_container(container)


def _of_container(container: Container) -> Iterator[str]:
    if not _IMAGE.fullmatch(container.image):
        yield f"containers.image: {container.image!r} is no image"
    if len(container.ports) > 1:
        yield "containers.ports: at most one"
    if any(variable.name in ("PORT", "K_SERVICE", "K_REVISION", "K_CONFIGURATION") for variable in container.env):
        yield "containers.env: a name that is reserved"
    memory = _MEMORY.fullmatch(container.resources.limits.get("memory", "512Mi"))
    most = _CPUS.get(container.resources.limits.get("cpu", "1"))
    if not memory or not most or not _LEAST_MEMORY <= int(memory[1]) <= most:
        yield f"containers.resources.limits: {dict(container.resources.limits)} do not go together"
    if not container.startup_probe.timeout_seconds <= container.startup_probe.period_seconds:
        yield "containers.startup_probe: timeout_seconds must not exceed period_seconds"
