"""Running packages that are ready. It knows no HTTP, no Google, no Docker."""

from __future__ import annotations

from modelserver.errors import NoAnswer, NotReady, PackageNotFound, Unavailable
from modelserver.package import Package, PackageID
from modelserver.ports import Call, Ports, Reply


class Running:
    """Safe to use from many threads and many processes at once."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def infer(self, package_id: PackageID, call: Call) -> Reply:
        """What the package answers; the caller closes it.

        Nothing stays of a package that is deleted meanwhile: whoever starts something looks at the record once more,
        whoever deletes the record ends what was started before.
        Raises PackageNotFound, NotReady, NoAnswer, Unavailable.
        """
        package = self._ready(package_id)
        try:
            reply = self._ports.runner.infer(package, call)
        except (NoAnswer, NotReady, Unavailable):
            self._check(package)
            raise
        if reply.started:
            self._check_started(package, reply)
        return reply

    def _check_started(self, package: Package, reply: Reply) -> None:
        try:
            self._check(package)
        except PackageNotFound:
            reply.close()
            self._ports.runner.remove(package)
            raise

    def _check(self, package: Package) -> None:
        """Raises PackageNotFound if the package is not what it was when it was asked."""
        known = self._ports.database.get(package.id)
        if known is None or known.build != package.build:
            raise PackageNotFound(f"The package {package.id} was deleted while it was asked.")

    def _ready(self, package_id: PackageID) -> Package:
        package = self._ports.database.get(package_id)
        if package is None:
            raise PackageNotFound(f"No package has the ID {package_id}. GET /v1/packages/ lists those that are ready.")
        if package.status == "building":
            raise NotReady(
                f"It is still building. See GET /v1/packages/{package_id}/log?follow=1.", headers={"Retry-After": "10"}
            )
        if package.status == "failed":
            raise NotReady(f"Its build failed: {package.error.get('detail') or package.error.get('title')}")
        return package
