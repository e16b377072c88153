"""A package looked at before anything is stored: is it sound, what is its ID, what would be built."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from modelserver import jidfile
from modelserver.archive import Archive, Limits, open_archive
from modelserver.arrival import Hashed, Place
from modelserver.completion import complete
from modelserver.config import Completion, Config
from modelserver.dockerfile import check_sources, dockerfile, labels_of
from modelserver.errors import Fault, InvalidPackage, Misconfigured
from modelserver.frameworks import Facts
from modelserver.jidyaml.lines import locating
from modelserver.jsontypes import Object
from modelserver.package import PackageID
from modelserver.ports import Reader
from modelserver.requirements import check_requirements
from modelserver.settings import Settings
from modelserver.wheels import wheels

_JID_YAML = "jid.yaml"
_MOST_REQUIREMENTS = 1024**2


@dataclass(frozen=True)
class Rules:
    """What is accepted, and what is assumed.

    max_upload: bytes of a zip; max_direct: of one that comes in a request's body. threads: for hashing.
    python: the default version. base_image_prefix, package_index: of the Dockerfiles.
    """

    limits: Limits
    max_upload: int
    max_direct: int
    threads: int
    python: str
    facts: Facts
    base_image_prefix: str = ""
    package_index: str = ""

    @classmethod
    def of(cls, settings: Settings) -> Rules:
        """Reads the facts. Raises Misconfigured."""
        check_sources(settings.base_image_prefix, settings.package_index)
        return cls(
            limits=Limits(settings.max_entries, settings.max_unpacked, settings.max_ratio),
            max_upload=settings.max_upload,
            max_direct=settings.max_direct,
            threads=os.cpu_count() or 1,
            python=settings.python or f"{sys.version_info.major}.{sys.version_info.minor}",
            facts=_facts(settings.facts),
            base_image_prefix=settings.base_image_prefix,
            package_index=settings.package_index,
        )


@dataclass(frozen=True)
class Inspection:
    """What may be built. id: None when only a jid.yaml was looked at. dockerfiles: by architecture."""

    id: PackageID | None
    config: Config
    completion: tuple[Completion, ...]
    dockerfiles: dict[str, str]

    def to_json(self) -> Object:
        shown: Object = {
            "Config": self.config.to_json(),
            "Completion": [completion.to_json() for completion in self.completion],
            "Dockerfiles": dict(self.dockerfiles),
        }
        return {"ID": str(self.id), **shown} if self.id else shown


def _facts(folder: Path | None) -> Facts:
    try:
        return Facts.load(folder)
    except (OSError, ValueError) as error:
        raise Misconfigured(f"MODELSERVER_FACTS={str(folder)!r}: {error}") from None


def inspect_zip(reader: Reader, rules: Rules, hashed: Mapping[Place, Hashed]) -> Inspection:
    """Raises InvalidPackage. The config comes first: it is cheap, and hashing reads every byte.

    hashed: what was hashed while the zip arrived.
    """
    archive = open_archive(reader, rules.limits)
    members = frozenset(file.path for file in archive.files)
    text = archive.read(_JID_YAML, jidfile.MOST_BYTES + 1)
    with locating(text):
        config = jidfile.parse(text, members)
        inspection = _completed(config, requirements(archive, config), rules)
    return replace(inspection, id=archive.tree_id(rules.threads, hashed))


def inspect_config(text: bytes, rules: Rules) -> Inspection:
    """The same for a jid.yaml alone; what it names cannot be looked up."""
    with locating(text):
        return _completed(jidfile.parse(text, None), "", rules)


def requirements(archive: Archive, config: Config) -> str:
    """The text of the package's requirements file, "" if it has none. Raises InvalidPackage if a line is refused."""
    path = config.environment.python_requirements
    if not path:
        return ""
    try:
        text = archive.read(path, _MOST_REQUIREMENTS).decode()
    except UnicodeDecodeError:
        fault = Fault(path, "NOT_UTF8", "The requirements file is no UTF-8 text.", "Save it as UTF-8.")
        raise InvalidPackage(f"{path} is no text.", faults=[fault]) from None
    check_requirements(path, text)
    return text


def _completed(config: Config, listed: str, rules: Rules) -> Inspection:
    config, completion = complete(config, listed, rules.facts, rules.python)
    dockerfiles = {
        str(architecture): dockerfile(
            config,
            architecture,
            wheels(config, listed, rules.facts, architecture, completion),
            labels=labels_of(config),
            base_image_prefix=rules.base_image_prefix,
            package_index=rules.package_index,
        )
        for architecture in config.environment.architectures
    }
    return Inspection(None, config, completion, dockerfiles)
