"""The endpoint of the comparison."""

from __future__ import annotations

import os

from werkzeug.wrappers import Request, Response

from modelserver.comparison.contents import config_changes, file_changes
from modelserver.comparison.schemas import schema_changes
from modelserver.contents import opened
from modelserver.errors import PackageNotFound
from modelserver.http.answers import json_answer
from modelserver.jsontypes import JSON, Object
from modelserver.package import Package, PackageID
from modelserver.services import Services


def diff(request: Request, services: Services, package_id: PackageID, other: str) -> Response:
    """What changes from one package to another: files, config, schema, and whether it breaks callers.

    `Files` has those `Added`, `Removed` and `Changed`, with sizes and the IDs of their git blobs. `Config` has each
    value that differs. `Schema` has each change of the inputs and the output, whether it is `Breaking`, and why.
    Breaking is what a caller of the first may run into with the second: an input that is gone, must be given now, or
    takes less (type, range, length, choices); an output that may be what it never was. `Breaking` says whether
    anything is.
    """
    return json_answer(compared(services, package_id, other))


def compared(services: Services, package_id: PackageID, other: str) -> Object:
    """The comparison as JSON. Raises PackageNotFound."""
    second = PackageID.parse(other)
    if second is None:
        raise PackageNotFound("An ID has 40 characters, each 0 to 9 or a to f.")
    old, new = services.catalog.get(package_id), services.catalog.get(second)
    changes = schema_changes(old.schema, new.schema)
    answer: Object = {
        "From": _named(old),
        "To": _named(new),
        "Breaking": any(change.breaking for change in changes),
        "Schema": [change.to_json() for change in changes],
        "Config": list[JSON](config_changes(old.config.to_json(), new.config.to_json())),
    }
    with opened(services, old) as before, opened(services, new) as after:
        answer["Files"] = file_changes(before, after, os.cpu_count() or 1)
    return answer


def _named(package: Package) -> JSON:
    return {
        "ID": str(package.id),
        "Name": str(package.config.name),
        "Status": package.status,
        "Created": package.created,
    }
