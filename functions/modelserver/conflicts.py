"""Why no CUDA, cuDNN and Python fit what is pinned: which sides are at odds, and what would cure it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import combinations

from packaging.version import Version

from modelserver.config import Environment
from modelserver.errors import Fault
from modelserver.framework_support import Pinned, Support
from modelserver.frameworks import Facts, agree, minor

_CUDA = "/environment/cuda"
_CUDNN = "/environment/cudnn"
_PYTHON = "/environment/python_version"


def diagnose(environment: Environment, known: Pinned, facts: Facts) -> list[Fault]:
    """Every reason that no choice fits; at least one if there is none."""
    faults = list(_python(environment, known.supports))
    if "gpu" in environment.architectures:
        faults += _unknown(environment, known, facts)
        faults += _without_gpu(known.supports)
        faults += _conflicts(known.supports)
        faults += _cuda(environment, known.supports, facts)
        faults += _cudnn(environment, known.supports, facts)
    return faults or [_nothing_fits(environment, known.supports)]


def _unknown(environment: Environment, known: Pinned, facts: Facts) -> Iterator[Fault]:
    """Frameworks without facts need a CUDA from the user."""
    for pin in known.unknown if not environment.cuda else ():
        detail = f"the server does not know which CUDA {pin.label} needs"
        hint = f'set environment.cuda, for example "{facts.cudas[0]}", or architectures: [cpu]'
        yield Fault(pin.pointer, "UNKNOWN_FRAMEWORK_VERSION", detail, hint)


def _without_gpu(supports: tuple[Support, ...]) -> Iterator[Fault]:
    for side in supports:
        if not side.gpu:
            detail = f"{side.label} has no CUDA wheels, and gpu is among the architectures"
            yield Fault(
                side.pointer, "FRAMEWORK_WITHOUT_GPU", detail, "write architectures: [cpu], or pin without +cpu"
            )


def _conflicts(supports: tuple[Support, ...]) -> Iterator[Fault]:
    """Two frameworks with no CUDA, or no Python, in common."""
    for one, other in combinations(supports, 2):
        if one.gpu and other.gpu and not set(one.gpu) & set(other.gpu):
            detail = f"{_cudas(one)}, {_cudas(other)}: no CUDA is in both"
            hint = "pin versions built with the same CUDA, or write architectures: [cpu]"
            yield Fault(other.pointer, "FRAMEWORK_CONFLICT", detail, hint)


def _cuda(environment: Environment, supports: tuple[Support, ...], facts: Facts) -> Iterator[Fault]:
    asked = environment.cuda
    if not asked:
        return
    if not facts.images_for(asked):
        detail = f"there is no NVIDIA image with CUDA {asked}"
        yield Fault(_CUDA, "UNKNOWN_CUDA", detail, f"images exist for {_listed(facts.cudas)}")
    for side in supports:
        if side.gpu and not side.gpu_pythons(asked):
            detail = f"{side.label} has no wheels for CUDA {asked}"
            yield Fault(_CUDA, "CUDA_CONFLICT", detail, f"it has wheels for CUDA {_listed(side.gpu)}")


def _cudnn(environment: Environment, supports: tuple[Support, ...], facts: Facts) -> Iterator[Fault]:
    asked = environment.cudnn
    if not asked:
        return
    cudas = [environment.cuda] if environment.cuda else _common(supports, facts)
    if not any(facts.images_for(cuda, asked) for cuda in cudas):
        having = sorted({image.cudnn for cuda in cudas for image in facts.images_for(cuda)}, key=Version)
        detail = f"there is no NVIDIA image with CUDA {_listed(cudas)} and cuDNN {asked}"
        hint = f"with this CUDA there is cuDNN {_listed(having)}" if having else "leave cudnn out"
        yield Fault(_CUDNN, "UNKNOWN_CUDNN", detail, hint)
    for side in supports:
        if not agree(side.cudnn, asked):
            detail = f"{side.label} was built with cuDNN {side.cudnn}, not {asked}"
            yield Fault(_CUDNN, "CUDNN_CONFLICT", detail, f'write cudnn: "{minor(side.cudnn)}", or leave it out')


def _python(environment: Environment, supports: tuple[Support, ...]) -> Iterator[Fault]:
    asked = environment.python_version
    for side in supports:
        for architecture in environment.architectures:
            having = side.cpu if architecture == "cpu" else _gpu_pythons(environment, side)
            if having and asked and asked not in having:
                detail = f"{side.label} has no {architecture} wheels for Python {asked}"
                yield Fault(_PYTHON, "PYTHON_CONFLICT", detail, f"it has them for Python {_listed(having)}")
    for one, other in combinations(supports, 2):
        if not one.pythons & other.pythons:
            detail = f"{_pythons(one)}, {_pythons(other)}: no Python is in both"
            yield Fault(other.pointer, "FRAMEWORK_CONFLICT", detail, "pin versions made for the same Python")


def _gpu_pythons(environment: Environment, side: Support) -> frozenset[str]:
    return side.gpu_pythons(environment.cuda) if environment.cuda else frozenset().union(*side.gpu.values())


def _nothing_fits(environment: Environment, supports: tuple[Support, ...]) -> Fault:
    """Each pair of sides fits, all together do not."""
    sides = [f"{_cudas(side)} and Python {_listed(side.pythons)}" for side in supports]
    asked = {"Python": environment.python_version, "CUDA": environment.cuda, "cuDNN": environment.cudnn}
    sides += [f"{key} {text} is asked for" for key, text in asked.items() if text]
    detail = f"no CUDA, cuDNN and Python fit all of: {'; '.join(sides)}"
    return Fault("/environment", "ENVIRONMENT_CONFLICT", detail, "leave out python_version, cuda or cudnn")


def _common(supports: tuple[Support, ...], facts: Facts) -> list[str]:
    return [cuda for cuda in facts.cudas if all(side.gpu_pythons(cuda) for side in supports)]


def _cudas(side: Support) -> str:
    return f"{side.label} has wheels for CUDA {_listed(side.gpu)}"


def _pythons(side: Support) -> str:
    return f"{side.label} has wheels for Python {_listed(side.pythons)}"


def _listed(versions: Iterable[str]) -> str:
    return ", ".join(sorted(versions, key=Version, reverse=True)) or "none"
