"""Completes a config: what was not said is chosen, each value with its reason.

What is chosen by which rule: docs/explanation/build.md. A completed config completes to itself.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from packaging.version import Version

from modelserver.config import PYTHONS, Architecture, Completion, Config, Environment
from modelserver.conflicts import diagnose
from modelserver.faults import Faults
from modelserver.framework_support import Pinned, Support, pinned
from modelserver.frameworks import CUDNN_PACKAGES, Facts, agree, minor
from modelserver.jsontypes import JSON
from modelserver.wheels import Wheels, wheels

__all__ = ["Wheels", "complete", "wheels"]

_PROMISED = Version("3.8")


def complete(
    config: Config, requirements: str, facts: Facts, default_python: str
) -> tuple[Config, tuple[Completion, ...]]:
    """Fills in what the config leaves open. requirements: the text of its requirements file, "" if none.

    Raises InvalidPackage with every fault where no choice fits, naming what is at odds and the cure.
    """
    faults = Faults()
    known = pinned(config, requirements, facts)
    faults.add(known.faults)
    faults.settle("the environment")
    environment, reasons = _architectures(config.environment, known)
    choice = _choose(environment, known, facts, default_python)
    if choice is None:
        faults.add(diagnose(environment, known, facts))
        faults.settle("the environment")
        raise AssertionError("a config without a choice has a fault")
    environment, more = _chosen(environment, known, choice)
    return replace(config, environment=environment), (*reasons, *more, *_warnings(environment, known))


@dataclass(frozen=True)
class Choice:
    """Versions that go together. cuda and cudnn: "" without gpu."""

    python: str
    cuda: str = ""
    cudnn: str = ""


def _architectures(environment: Environment, known: Pinned) -> tuple[Environment, list[Completion]]:
    if environment.architectures:
        return environment, []
    chosen: tuple[Architecture, ...] = ("cpu",)
    because = "no framework that uses a GPU is pinned, and cuda is not set"
    if known.wants_gpu:
        chosen = ("cpu", "gpu")
        because = f"{_and(known.gpu_labels)} can use a GPU"
    elif environment.cuda:
        chosen = ("cpu", "gpu")
        because = "cuda is set"
    completion = Completion("Environment.Architectures", list(chosen), because)
    return replace(environment, architectures=chosen), [completion]


def _choose(environment: Environment, known: Pinned, facts: Facts, default: str) -> Choice | None:
    """The highest CUDA that all sides have, then the newest Python; None if there is no such choice."""
    if "gpu" not in environment.architectures:
        python = _python(environment, [side.cpu for side in known.supports], default)
        return Choice(python, environment.cuda, environment.cudnn) if python else None
    if known.unknown and not environment.cuda:
        return None
    for cuda in candidates(environment, known.supports, facts):
        sides = [side.gpu_pythons(cuda) for side in known.supports]
        if "cpu" in environment.architectures:
            sides += [side.cpu for side in known.supports]
        python = _python(environment, sides, default)
        cudnn = _cudnn(environment, known.supports, facts, cuda)
        if python and cudnn:
            return Choice(python, cuda, cudnn)
    return None


def candidates(environment: Environment, supports: tuple[Support, ...], facts: Facts) -> list[str]:
    """The CUDAs that have an image, agree with what is pinned and are in every framework; highest first."""
    asked = environment.cuda
    having = [asked] if "." in asked else [cuda for cuda in facts.cudas if agree(cuda, asked)]
    return [cuda for cuda in having if facts.images_for(cuda) and all(side.gpu_pythons(cuda) for side in supports)]


def _python(environment: Environment, sides: list[frozenset[str]], default: str) -> str:
    """The pinned Python if every side has it, else the newest that every side has; "" if none."""
    asked = environment.python_version
    common = frozenset(PYTHONS).intersection(*sides)
    if asked:
        return asked if asked in common else ""
    if not sides:
        return default
    return max(common, key=Version, default="")


def _cudnn(environment: Environment, supports: tuple[Support, ...], facts: Facts, cuda: str) -> str:
    """The pinned cuDNN if an image has it; else the frameworks' own; else the highest with an image."""
    asked = environment.cudnn
    if asked:
        return asked if facts.images_for(cuda, asked) and _no_other(asked, supports, facts, cuda) else ""
    wanted = next((side.cudnn for side in supports if side.cudnn), "")
    images = facts.images_for(cuda, wanted) or facts.images_for(cuda)
    return images[0].cudnn if images else ""


def _no_other(asked: str, supports: tuple[Support, ...], facts: Facts, cuda: str) -> bool:
    """Whether no framework was built with another cuDNN that an image has."""
    return all(agree(side.cudnn, asked) or not facts.images_for(cuda, side.cudnn) for side in supports)


def _chosen(environment: Environment, known: Pinned, choice: Choice) -> tuple[Environment, list[Completion]]:
    completions: list[Completion] = []

    def note(path: str, before: str, value: JSON, because: str) -> None:
        if before != value:
            completions.append(Completion(f"Environment.{path}", value, because))

    note("PythonVersion", environment.python_version, choice.python, _why_python(known, choice.python))
    note("CUDA", environment.cuda, choice.cuda, _why_cuda(environment, known))
    note("CuDNN", environment.cudnn, choice.cudnn, _why_cudnn(known, choice))
    completed = replace(environment, python_version=choice.python, cuda=choice.cuda, cudnn=choice.cudnn)
    return completed, completions


def _why_python(known: Pinned, python: str) -> str:
    if not known.supports:
        return "the server's default"
    because = f"the newest Python that {_and(side.label for side in known.supports)} {_has(known)} wheels for"
    if Version(python) < _PROMISED:
        because += f"; jid promises to run on {_PROMISED} and later, so {python} may not work"
    return because


def _why_cuda(environment: Environment, known: Pinned) -> str:
    if not known.supports:
        asked = f"CUDA {environment.cuda}" if environment.cuda else "CUDA"
        return f"the highest {asked} with an NVIDIA image"
    labels = _and(side.label for side in known.supports)
    return f"the highest CUDA that {labels} {_has(known)} wheels for and an NVIDIA image exists for"


def _why_cudnn(known: Pinned, choice: Choice) -> str:
    for side in known.supports:
        if side.cudnn and agree(side.cudnn, choice.cudnn):
            return f"{side.label} was built with cuDNN {side.cudnn}"
        if side.cudnn:
            return (
                f"the highest cuDNN with an NVIDIA image of CUDA {choice.cuda}; {side.label} was built with "
                f"cuDNN {side.cudnn}, for which there is no such image{_beside(choice.cuda)}"
            )
    return f"the highest cuDNN with an NVIDIA image of CUDA {choice.cuda}"


def _beside(cuda: str) -> str:
    package = CUDNN_PACKAGES.get(minor(cuda))
    return f", so {package} is installed beside it" if package else ""


def _warnings(environment: Environment, known: Pinned) -> list[Completion]:
    """What could not be checked, and what has no effect."""
    because = "not checked: the server has no facts about this version"
    warnings = [Completion("Environment.PythonPackages", pin.text, because) for pin in known.unknown]
    if "gpu" not in environment.architectures:
        values = {"CUDA": environment.cuda, "CuDNN": environment.cudnn}
        because = "has no effect: gpu is not among the architectures"
        warnings += [Completion(f"Environment.{key}", text, because) for key, text in values.items() if text]
    return warnings


def _and(labels: Iterable[str]) -> str:
    return " and ".join(labels)


def _has(known: Pinned) -> str:
    return "has" if len(known.supports) == 1 else "both have"
