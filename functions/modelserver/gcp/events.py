"""What Cloud Build tells through Pub/Sub: that a build has ended. Read with distrust: the topic is the project's."""

from __future__ import annotations

import base64
import binascii
import json
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

from modelserver.gcp.buildlog import BuildLog
from modelserver.gcp.builds import Build, has_ended, read_message
from modelserver.gcp.objects import Objects
from modelserver.gcp.outcomes import TAIL, outcome_of
from modelserver.jsontypes import JSON, Object
from modelserver.package import Outcome, PackageID

if TYPE_CHECKING:
    from modelserver.catalog import Catalog


@dataclass(frozen=True)
class Ended:
    """A build of ours that has ended. build: Package.build."""

    package_id: PackageID
    build: str
    outcome: Outcome


def record_end(data: JSON, logs: Objects, catalog: Catalog) -> None:
    """Records the end of a build, if it is one that this message tells. data, logs: as of ended_build."""
    if ended := ended_build(data, logs):
        catalog.record(ended.package_id, ended.build, ended.outcome)


def ended_build(data: JSON, logs: Objects) -> Ended | None:
    """data: of a CloudEvent google.cloud.pubsub.topic.v1.messagePublished. logs: the bucket of the builds' logs.

    None for a build of others, for one that has not ended, and for what cannot be read: that is logged and, since
    it will never be readable, is not to be sent again. Raises Unavailable when the log cannot be had now.
    """
    build = _build(data)
    if build is None:
        return None
    package_id, name = PackageID.parse(_tagged(build, "package-")), _tagged(build, "build-")
    if package_id is None or not name or not has_ended(build):
        return None
    return Ended(package_id, name, outcome_of(build, package_id, BuildLog(logs, build.id).read(-TAIL, TAIL)))


def _build(data: JSON) -> Build | None:
    try:
        message = cast(Object, cast(Object, data)["message"])
        return read_message(json.loads(base64.b64decode(cast(str, message["data"]), validate=True)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, binascii.Error) as error:
        logging.warning("a message that is no build of Cloud Build was dropped: %s", error)
        return None


def _tagged(build: Build, beginning: str) -> str:
    return next((tag[len(beginning) :] for tag in build.tags if tag.startswith(beginning)), "")
