"""What is installed for one architecture: packages in a fixed order, and where they are found."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from modelserver.config import Architecture, Completion, Config
from modelserver.framework_support import pinned, pins_of
from modelserver.frameworks import FRAMEWORKS, TENSORFLOW_FAMILY, TORCH_FAMILY, Facts, TorchRow, agree
from modelserver.pins import Pin, in_requirements


@dataclass(frozen=True)
class Wheels:
    """packages: `name==version`, frameworks first, sorted. of_requirements: those of them that stand for a
    pin in the requirements file. extra_index_urls, find_links: as pip's options of these names.
    cuda_image: the tag of nvidia/cuda that they need, "" where they bring CUDA or use none.
    """

    packages: tuple[str, ...] = ()
    extra_index_urls: tuple[str, ...] = ()
    find_links: tuple[str, ...] = ()
    of_requirements: tuple[str, ...] = ()
    cuda_image: str = ""


def wheels(
    config: Config,
    requirements: str,
    facts: Facts,
    architecture: Architecture,
    completion: tuple[Completion, ...] = (),
) -> Wheels:
    """The wheels for one architecture of a completed config.

    requirements: the text of its requirements file, "" if none. completion: what the server chose; a CUDA
    that is not in it was pinned by hand, and then the image is NVIDIA's even where torch brings CUDA itself.
    """
    pins = _deduplicated(pins_of(config, requirements))
    row = _torch_row(config, facts, architecture, pins)
    from_file = {pin.name for pin in in_requirements(requirements, FRAMEWORKS)}
    listed = {pin.name for pin in pins if pin.pointer.startswith("/environment/python_packages/")}
    frameworks = {pin.name: _wheel(pin, row, facts, architecture) for pin in pins if _is_framework(pin)}
    others = sorted(pin.text for pin in pins if pin.name in listed and pin.name not in frameworks)
    cudnn = _cudnn(pins, facts) if architecture == "gpu" else ()
    return Wheels(
        packages=(*_ordered(frameworks), *cudnn, *others),
        extra_index_urls=tuple(filter(None, [row.extra_index_url])) if row else (),
        find_links=tuple(filter(None, [row.find_links])) if row else (),
        of_requirements=_ordered({name: frameworks[name] for name in frameworks if name in from_file - listed}),
        cuda_image=_cuda_image(config, requirements, facts, architecture, completion),
    )


def _is_framework(pin: Pin) -> bool:
    return pin.name in TORCH_FAMILY or pin.name in TENSORFLOW_FAMILY


def _ordered(frameworks: dict[str, str]) -> tuple[str, ...]:
    order = (*TORCH_FAMILY, *TENSORFLOW_FAMILY)
    return tuple(frameworks[name] for name in order if name in frameworks)


def _deduplicated(pins: Iterable[Pin]) -> tuple[Pin, ...]:
    first: dict[str, Pin] = {}
    for pin in pins:
        first.setdefault(pin.name, pin)
    return tuple(first.values())


def _torch_row(config: Config, facts: Facts, architecture: Architecture, pins: tuple[Pin, ...]) -> TorchRow | None:
    """The build of torch that the pins mean here; for a torch without facts, one with the same index."""
    torch = tuple(pin for pin in pins if pin.name in TORCH_FAMILY)
    if not torch:
        return None
    cuda = config.environment.cuda
    if architecture == "cpu":
        exact = facts.torch_cpu_rows(torch)
        similar = tuple(row for row in facts.torch if not row.cuda)
    else:
        exact = tuple(row for row in facts.torch_rows(torch) if row.cuda and agree(row.cuda, cuda))
        similar = tuple(row for row in facts.torch if row.cuda and agree(row.cuda, cuda))
    return next(iter(exact or similar), None)


def _wheel(pin: Pin, row: TorchRow | None, facts: Facts, architecture: Architecture) -> str:
    if pin.name in TENSORFLOW_FAMILY:
        return _tensorflow(pin, facts, architecture)
    if row is None or not row.is_release(pin):
        return pin.text
    return f"{pin.requirement}=={row.version(pin.name)}"


def _tensorflow(pin: Pin, facts: Facts, architecture: Architecture) -> str:
    """The package of the row, in the pin's own version: a row stands for all of its minor version."""
    row = facts.tensorflow_row(pin)
    if row is None:
        return pin.text
    name = (row.gpu_package if architecture == "gpu" else row.cpu_package).partition("==")[0]
    return f"{name}{pin.requirement[len(pin.requirement.partition('[')[0]) :]}=={pin.version}"


def _cudnn(pins: tuple[Pin, ...], facts: Facts) -> tuple[str, ...]:
    """The cuDNN that tensorflow needs beside the image's, unless one is pinned."""
    rows = [facts.tensorflow_row(pin) for pin in pins if pin.name in TENSORFLOW_FAMILY]
    asked = [row.cudnn_package for row in rows if row and row.cudnn_package]
    pinned_names = {pin.name for pin in pins}
    return tuple(text for text in asked[:1] if text.partition("==")[0] not in pinned_names)


def _cuda_image(
    config: Config,
    requirements: str,
    facts: Facts,
    architecture: Architecture,
    completion: tuple[Completion, ...],
) -> str:
    if architecture == "cpu":
        return ""
    chosen = any(one.path == "Environment.CUDA" for one in completion)
    if chosen and pinned(config, requirements, facts).brings_cuda:
        return ""
    images = facts.images_for(config.environment.cuda, config.environment.cudnn)
    return images[0].tag if images else ""
