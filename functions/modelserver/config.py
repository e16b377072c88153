"""A model's config, jid.yaml as values, and its JSON.

`from_json` is the exact reverse of `to_json`: it reads what a database stored, and trusts it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, cast

from modelserver.jsontypes import JSON, Object

Architecture = Literal["cpu", "gpu"]
PYTHONS = tuple(f"3.{minor}" for minor in range(6, 15))

_PART = r"[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*"
_NAME = re.compile(rf"{_PART}(?:/{_PART})*", re.ASCII)


class ModelName(str):
    """A model's name; also a valid image repository name (OCI distribution-spec, "Pulling manifests").

    At most 128 characters here, so that registry, name and tag stay within a reference's 255.
    """

    __slots__ = ()

    @classmethod
    def parse(cls, text: str) -> ModelName | None:
        return cls(text) if len(text) <= 128 and _NAME.fullmatch(text) else None


@dataclass(frozen=True)
class Environment:
    """What a model needs around it. "" and None: not said, and not needed."""

    python_version: str = ""
    python_requirements: str = ""
    python_packages: tuple[str, ...] | None = None
    system_packages: tuple[str, ...] | None = None
    architectures: tuple[Architecture, ...] = ()
    cuda: str = ""
    cudnn: str = ""

    def to_json(self) -> Object:
        return {
            "PythonVersion": self.python_version,
            "PythonRequirements": self.python_requirements,
            "PythonPackages": _array(self.python_packages),
            "SystemPackages": _array(self.system_packages),
            "Architectures": list(self.architectures),
            "CUDA": self.cuda,
            "CuDNN": self.cudnn,
        }

    @classmethod
    def from_json(cls, value: JSON) -> Environment:
        known = cast(Object, value)
        return cls(
            python_version=cast(str, known["PythonVersion"]),
            python_requirements=cast(str, known["PythonRequirements"]),
            python_packages=_strings(known["PythonPackages"]),
            system_packages=_strings(known["SystemPackages"]),
            architectures=cast("tuple[Architecture, ...]", _strings(known["Architectures"]) or ()),
            cuda=cast(str, known["CUDA"]),
            cudnn=cast(str, known["CuDNN"]),
        )


@dataclass(frozen=True)
class Example:
    """One test inference.

    output: None where any answer will do. error: text that run() must raise with.
    """

    input: Object
    output: JSON = None
    error: str = ""

    def to_json(self) -> Object:
        shown: Object = {"Input": self.input}
        if self.output is not None:
            shown["Output"] = self.output
        if self.error:
            shown["Error"] = self.error
        return shown

    @classmethod
    def from_json(cls, value: JSON) -> Example:
        known = cast(Object, value)
        return cls(cast(Object, known["Input"]), known.get("Output"), cast(str, known.get("Error", "")))


@dataclass(frozen=True)
class Config:
    """jid.yaml as values. model: "<file in the package>:<class in it>"."""

    name: ModelName
    model: str
    environment: Environment = Environment()
    examples: tuple[Example, ...] = ()

    def to_json(self) -> Object:
        shown: Object = {
            "Name": str(self.name),
            "Environment": self.environment.to_json(),
            "Model": self.model,
        }
        if self.examples:
            shown["Examples"] = [example.to_json() for example in self.examples]
        return shown

    @classmethod
    def from_json(cls, value: JSON) -> Config:
        known = cast(Object, value)
        return cls(
            name=ModelName(cast(str, known["Name"])),
            model=cast(str, known["Model"]),
            environment=Environment.from_json(known["Environment"]),
            examples=tuple(map(Example.from_json, cast("list[JSON]", known.get("Examples", [])))),
        )


@dataclass(frozen=True)
class Completion:
    """A value that the server chose. path: dotted, in the words of the JSON ("Environment.CUDA")."""

    path: str
    value: JSON
    because: str

    def to_json(self) -> Object:
        return {"Path": self.path, "Value": self.value, "Because": self.because}

    @classmethod
    def from_json(cls, value: JSON) -> Completion:
        known = cast(Object, value)
        return cls(cast(str, known["Path"]), known["Value"], cast(str, known["Because"]))


def _array(texts: tuple[str, ...] | None) -> JSON:
    return None if texts is None else list(texts)


def _strings(value: JSON) -> tuple[str, ...] | None:
    return None if value is None else tuple(cast("list[str]", value))
