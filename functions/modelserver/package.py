"""What is known of a package, as frozen values, and their JSON.

JSON keys are the ones of the HTTP interface. `from_json` is the exact reverse of `to_json`: it reads
what a database stored, and trusts it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from datetime import datetime, timezone
from typing import Literal, cast

from modelserver.config import Completion, Config
from modelserver.jsontypes import JSON, Object
from modelserver.stages import Stage

Status = Literal["building", "ready", "failed"]

_ID = re.compile(r"[0-9a-f]{40}", re.ASCII)


class PackageID(str):
    """The git tree ID of a package's files: 40 lower-case hex digits."""

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> PackageID | None:
        return cls(text) if _ID.fullmatch(text) else None


@dataclass(frozen=True)
class Artifact:
    """One built thing.

    target: docker-cpu, docker-gpu or process-cpu. digest: "sha256:..." once pushed, else "".
    """

    target: str
    uri: str
    digest: str = ""
    tested: bool = True

    def to_json(self) -> Object:
        shown: Object = {"Target": self.target, "URI": self.uri}
        if self.digest:
            shown["Digest"] = self.digest
        if not self.tested:
            shown["Tested"] = False
        return shown

    @classmethod
    def from_json(cls, value: JSON) -> Artifact:
        known = cast(Object, value)
        return cls(
            target=cast(str, known["Target"]),
            uri=cast(str, known["URI"]),
            digest=cast(str, known.get("Digest", "")),
            tested=cast(bool, known.get("Tested", True)),
        )


@dataclass(frozen=True)
class TestReport:
    """The evidence that a model works: the runtime's own report, Schema apart. Seconds and bytes."""

    __test__ = False  # no test class, whatever its name makes pytest think

    passed: bool
    schema: Object
    evidence: Object

    @classmethod
    def from_runtime(cls, report: Object) -> TestReport:
        """Reads the one JSON document that `jid test` prints."""
        evidence = {key: value for key, value in report.items() if key != "Schema"}
        return cls(report.get("Passed") is True, cast(Object, report.get("Schema") or {}), evidence)


@dataclass(frozen=True)
class Package:
    """An uploaded directory and what is known of it.

    created: RFC 3339, UTC, microseconds, so that text order is time order. size: of the stored zip, bytes.
    sha256: of the stored zip, hex. upload: the zip's name in Storage. build: the newest build's ID.
    error: a problem document, when the status is "failed". stages: of its arrival, and of its build once it has ended.
    """

    id: PackageID
    config: Config
    created: str
    size: int
    sha256: str
    upload: str
    build: str
    status: Status = "building"
    completion: tuple[Completion, ...] = ()
    artifacts: tuple[Artifact, ...] = ()
    schema: Object = field(default_factory=dict)
    test: Object = field(default_factory=dict)
    error: Object = field(default_factory=dict)
    stages: tuple[Stage, ...] = ()

    @property
    def age(self) -> float:
        """Seconds since it was created."""
        created = datetime.fromisoformat(self.created.replace("Z", "+00:00"))
        return (datetime.now(timezone.utc) - created).total_seconds()

    def to_json(self) -> Object:
        """What users see; where it is kept is not their business."""
        shown: Object = {
            "ID": str(self.id),
            "Name": str(self.config.name),
            "Status": self.status,
            "Created": self.created,
            "Size": self.size,
            "SHA256": self.sha256,
            "Artifacts": [artifact.to_json() for artifact in self.artifacts],
            "Config": self.config.to_json(),
            "Completion": [completion.to_json() for completion in self.completion],
            "Stages": [stage.to_json() for stage in self.stages],
        }
        evidence: Object = {"Schema": self.schema, "Test": self.test, "Error": self.error}
        return shown | {key: value for key, value in evidence.items() if value}

    def to_record(self) -> Object:
        """What a database keeps: all of it."""
        return self.to_json() | {"Upload": self.upload, "Build": self.build}

    def to_runtime(self) -> Object:
        """What the runtime in an image must know of the package: its jid.json."""
        return {
            "ID": str(self.id),
            "Name": str(self.config.name),
            "Model": self.config.model,
            "Examples": [example.to_json() for example in self.config.examples],
        }

    @classmethod
    def from_record(cls, known: Object) -> Package:
        return cls(
            id=PackageID(cast(str, known["ID"])),
            config=Config.from_json(known["Config"]),
            created=cast(str, known["Created"]),
            size=cast(int, known["Size"]),
            sha256=cast(str, known["SHA256"]),
            upload=cast(str, known["Upload"]),
            build=cast(str, known["Build"]),
            status=cast(Status, known["Status"]),
            completion=tuple(map(Completion.from_json, cast("list[JSON]", known["Completion"]))),
            artifacts=tuple(map(Artifact.from_json, cast("list[JSON]", known["Artifacts"]))),
            schema=cast(Object, known.get("Schema", {})),
            test=cast(Object, known.get("Test", {})),
            error=cast(Object, known.get("Error", {})),
            stages=tuple(map(Stage.from_json, cast("list[JSON]", known.get("Stages", [])))),
        )

    def ended(self, outcome: Outcome) -> Package:
        """This package as its build's outcome leaves it."""
        return replace(
            self,
            status="failed" if outcome.error else "ready",
            artifacts=() if outcome.error else outcome.artifacts,
            schema=outcome.schema,
            test=outcome.test,
            error=outcome.error,
            stages=self.stages + outcome.stages,
        )


@dataclass(frozen=True)
class Outcome:
    """How a build ended. error: a problem document, or empty when every artifact was made and tested.

    stages: what it did, up to its end.
    """

    artifacts: tuple[Artifact, ...] = ()
    schema: Object = field(default_factory=dict)
    test: Object = field(default_factory=dict)
    error: Object = field(default_factory=dict)
    stages: tuple[Stage, ...] = ()

    def to_json(self) -> Object:
        return {
            "Artifacts": [artifact.to_json() for artifact in self.artifacts],
            "Schema": self.schema,
            "Test": self.test,
            "Error": self.error,
            "Stages": [stage.to_json() for stage in self.stages],
        }

    @classmethod
    def from_json(cls, value: JSON) -> Outcome:
        known = cast(Object, value)
        return cls(
            artifacts=tuple(map(Artifact.from_json, cast("list[JSON]", known["Artifacts"]))),
            schema=cast(Object, known["Schema"]),
            test=cast(Object, known["Test"]),
            error=cast(Object, known["Error"]),
            stages=tuple(map(Stage.from_json, cast("list[JSON]", known.get("Stages", [])))),
        )
