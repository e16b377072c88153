"""What a pinned framework runs on: for each CUDA, and without one, the Pythons it has wheels for."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from packaging.version import Version

from modelserver.config import Config
from modelserver.errors import Fault
from modelserver.frameworks import FRAMEWORKS, GPU_PACKAGES, TENSORFLOW_FAMILY, TORCH_FAMILY, Facts, agree
from modelserver.pins import Pin, in_requirements


@dataclass(frozen=True)
class Support:
    """One pinned framework. label: "torch 1.8.0"; pointer: where it is pinned.

    gpu: Pythons by CUDA, as major.minor. cpu: Pythons of the CPU wheels, empty where there are none.
    cudnn: what it was built with, "" where its wheels bring their own.
    """

    label: str
    pointer: str
    gpu: dict[str, frozenset[str]] = field(default_factory=dict)
    cpu: frozenset[str] = frozenset()
    cudnn: str = ""

    def gpu_pythons(self, cuda: str) -> frozenset[str]:
        """The Pythons of the wheels for this CUDA: "12", "12.8" and "12.8.1" are all met by wheels for 12.8."""
        return frozenset().union(*(having for built, having in self.gpu.items() if agree(built, cuda)))

    @property
    def pythons(self) -> frozenset[str]:
        """Every Python that some wheel of it is for."""
        return self.cpu.union(*self.gpu.values())


@dataclass(frozen=True)
class Pinned:
    """The pins that completion looks at. unknown: GPU frameworks, or versions of them, without facts."""

    torch: tuple[Pin, ...]
    tensorflow: tuple[Pin, ...]
    unknown: tuple[Pin, ...]
    supports: tuple[Support, ...]
    faults: tuple[Fault, ...]

    @property
    def wants_gpu(self) -> bool:
        """Whether a framework is pinned that can use a GPU; torch==2.4.0+cpu cannot."""
        unknown = any(pin.version.local != "cpu" for pin in self.unknown)
        return unknown or any(support.gpu for support in self.supports)

    @property
    def gpu_labels(self) -> tuple[str, ...]:
        """What can use a GPU, for people to read."""
        known = (side.label for side in self.supports if side.gpu)
        return (*known, *(pin.label for pin in self.unknown))

    @property
    def brings_cuda(self) -> bool:
        """Whether torch is the only GPU framework: its wheels carry CUDA themselves."""
        return bool(self.torch) and not self.tensorflow and not self.unknown


def pins_of(config: Config, requirements: str) -> tuple[Pin, ...]:
    """The pins of python_packages, then the frameworks' pins in the requirements file."""
    pointer = "/environment/python_packages"
    listed = enumerate(config.environment.python_packages or ())
    pins = [Pin.parse(text, f"{pointer}/{index}") for index, text in listed]
    return (*(pin for pin in pins if pin), *in_requirements(requirements, FRAMEWORKS))


def pinned(config: Config, requirements: str, facts: Facts) -> Pinned:
    """Sorts a package's GPU frameworks into those with facts, those without and those at odds."""
    pins = tuple(pin for pin in pins_of(config, requirements) if pin.name in GPU_PACKAGES)
    faults = _two_versions(pins)
    torch = _distinct(pin for pin in pins if pin.name in TORCH_FAMILY)
    tensorflow = _distinct(pin for pin in pins if pin.name in TENSORFLOW_FAMILY)
    supports: list[Support] = []
    unknown = [pin for pin in pins if pin not in torch and pin not in tensorflow and not _twice(pin, pins)]
    if not faults:
        faults += _torch(torch, facts, supports, unknown)
        _tensorflow(tensorflow, facts, supports, unknown)
    return Pinned(torch, tensorflow, tuple(unknown), tuple(supports), tuple(faults))


def _twice(pin: Pin, pins: tuple[Pin, ...]) -> bool:
    return any(one.name == pin.name for one in pins[: pins.index(pin)])


def _distinct(pins: Iterable[Pin]) -> tuple[Pin, ...]:
    first: dict[str, Pin] = {}
    for pin in pins:
        first.setdefault(pin.name, pin)
    return tuple(first.values())


def _two_versions(pins: tuple[Pin, ...]) -> list[Fault]:
    """tensorflow and tensorflow-gpu are one package under two names."""
    faults: list[Fault] = []
    seen: dict[str, Pin] = {}
    for pin in pins:
        name = pin.name.removesuffix("-gpu") if pin.name in TENSORFLOW_FAMILY else pin.name
        first = seen.setdefault(name, pin)
        if first.version != pin.version:
            detail = f"{first.label} and {pin.label} are both pinned"
            faults.append(Fault(pin.pointer, "FRAMEWORK_CONFLICT", detail, "keep one of the two"))
    return faults


def _torch(pins: tuple[Pin, ...], facts: Facts, supports: list[Support], unknown: list[Pin]) -> list[Fault]:
    known = tuple(pin for pin in pins if facts.torch_rows((pin,)))
    unknown += [pin for pin in pins if pin not in known]
    if not known:
        return []
    if not facts.torch_rows(known):
        return [_odds(known, facts)]
    supports.append(_torch_support(known, facts))
    return []


def _odds(pins: tuple[Pin, ...], facts: Facts) -> Fault:
    """torch, torchvision and torchaudio that were never released together."""
    first, *others = pins
    other = next(pin for pin in others if not facts.torch_rows((first, pin)) or pin is others[-1])
    rows = facts.torch_rows((first,))
    fitting = sorted({row.version(other.name) for row in rows} - {""}, key=Version, reverse=True)
    hint = f"pin {other.name}=={Version(fitting[0]).public}" if fitting else f"remove {other.text}"
    return Fault(other.pointer, "FRAMEWORK_CONFLICT", f"{other.label} does not go with {first.label}", hint)


def _torch_support(pins: tuple[Pin, ...], facts: Facts) -> Support:
    gpu: dict[str, frozenset[str]] = {}
    for row in facts.torch_rows(pins):
        if row.cuda:
            gpu[row.cuda] = gpu.get(row.cuda, frozenset()) | frozenset(row.pythons)
    cpu = frozenset(python for row in facts.torch_cpu_rows(pins) for python in row.pythons)
    return Support(pins[0].label, pins[0].pointer, gpu, cpu)


def _tensorflow(pins: tuple[Pin, ...], facts: Facts, supports: list[Support], unknown: list[Pin]) -> None:
    for pin in pins[:1]:
        row = facts.tensorflow_row(pin)
        if row is None:
            unknown.append(pin)
        else:
            pythons = frozenset(row.pythons)
            supports.append(Support(pin.label, pin.pointer, {row.cuda: pythons}, pythons, row.cudnn))
