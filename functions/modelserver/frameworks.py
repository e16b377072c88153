"""Which torch, tensorflow, CUDA, cuDNN, Python and base image go together: facts from data/, typed.

Where the facts come from is written in data/README.md.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from packaging.version import Version

from modelserver.pins import Pin

GPU_PACKAGES = frozenset(
    {
        "torch",
        "torchvision",
        "torchaudio",
        "tensorflow",
        "tensorflow-gpu",
        "jax",
        "onnxruntime-gpu",
        "paddlepaddle-gpu",
        "cupy-cuda11x",
        "cupy-cuda12x",
        "cupy-cuda13x",
    }
)
# By CUDA. NVIDIA's images of CUDA 12.3 have no cuDNN 8, those of 12.5 an older cuDNN 9 than TensorFlow loads;
# these are what the extra "and-cuda" of tensorflow 2.16.1 and 2.17.0, 2.18.0 and 2.19.0 asks for (metadata).
CUDNN_PACKAGES = {"12.3": "nvidia-cudnn-cu12==8.9.7.29", "12.5": "nvidia-cudnn-cu12==9.3.0.75"}
FRAMEWORKS = GPU_PACKAGES | {"nvidia-cudnn-cu12"}
TORCH_FAMILY = ("torch", "torchvision", "torchaudio")
TENSORFLOW_FAMILY = ("tensorflow", "tensorflow-gpu")


_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}", re.ASCII)  # OCI distribution-spec, "Pulling manifests"


@dataclass(frozen=True)
class TorchRow:
    """One build of PyTorch. cuda: "11.8", or "" for CPU; torchaudio: "" where there is none."""

    torch: str
    torchvision: str
    torchaudio: str
    cuda: str
    find_links: str
    extra_index_url: str
    pythons: tuple[str, ...]

    def version(self, name: str) -> str:
        """The version of torch, torchvision or torchaudio in this row."""
        return {"torch": self.torch, "torchvision": self.torchvision, "torchaudio": self.torchaudio}[name]

    def has(self, pin: Pin) -> bool:
        """Whether the pin means this build: the public version, and the local one (+cu118) if it says one."""
        local = f"cu{self.cuda.replace('.', '')}" if self.cuda else "cpu"
        return self.is_release(pin) and pin.version.local in (None, local)

    def is_release(self, pin: Pin) -> bool:
        """Whether the pin's public version is the one in this row."""
        text = self.version(pin.name)
        return bool(text) and _public(text) == pin.version.public


@dataclass(frozen=True)
class TensorflowRow:
    """One minor version of TensorFlow. cuda and cudnn: what it was built with."""

    tensorflow: str
    cpu_package: str
    gpu_package: str
    cuda: str
    cudnn: str
    pythons: tuple[str, ...]

    @property
    def cudnn_package(self) -> str:
        """The Python package with the cuDNN it was built with, "" where NVIDIA's images have that."""
        return CUDNN_PACKAGES.get(self.cuda, "")

    def has(self, pin: Pin) -> bool:
        """Whether the pin is of this minor version, for which one CUDA, cuDNN and set of Pythons hold."""
        return pin.version.release[:2] == Version(self.tensorflow).release[:2] and not pin.version.local


@dataclass(frozen=True)
class CudaImage:
    """One tag of nvidia/cuda; versions as exact as the tag says them."""

    tag: str
    cuda: str
    cudnn: str
    ubuntu: str

    def __post_init__(self) -> None:
        if not _TAG.fullmatch(self.tag):
            raise ValueError(f"{self.tag!r} is no image tag")


@dataclass(frozen=True)
class Facts:
    """All rows, in the order of the files: newest first."""

    torch: tuple[TorchRow, ...]
    tensorflow: tuple[TensorflowRow, ...]
    images: tuple[CudaImage, ...]

    @classmethod
    def load(cls, folder: Path | None = None) -> Facts:
        """Reads the three files of a folder; of this package's own data/ when there is none.

        Raises ValueError naming the file, and the row where one is wrong; OSError if a file is missing.
        """
        home = folder or Path(__file__).with_name("data")
        return cls(
            torch=tuple(_rows(home / "torch.json", TorchRow)),
            tensorflow=tuple(_rows(home / "tensorflow.json", TensorflowRow)),
            images=tuple(_rows(home / "cuda_images.json", CudaImage)),
        )

    def torch_rows(self, pins: tuple[Pin, ...]) -> tuple[TorchRow, ...]:
        """The builds that all pins of torch, torchvision and torchaudio mean."""
        return tuple(row for row in self.torch if all(row.has(pin) for pin in pins))

    def torch_cpu_rows(self, pins: tuple[Pin, ...]) -> tuple[TorchRow, ...]:
        """The CPU builds of the same versions, whatever local version (+cu118) the pins say."""
        return tuple(row for row in self.torch if not row.cuda and all(row.is_release(pin) for pin in pins))

    def tensorflow_row(self, pin: Pin) -> TensorflowRow | None:
        return next((row for row in self.tensorflow if row.has(pin)), None)

    def images_for(self, cuda: str, cudnn: str = "") -> tuple[CudaImage, ...]:
        """Images with this CUDA ("12", "12.8" or "12.8.1") and cuDNN ("" for any), the best first."""
        found = (image for image in self.images if agree(image.cuda, cuda) and agree(image.cudnn, cudnn))
        return tuple(sorted(found, key=_rank, reverse=True))

    @cached_property
    def cudas(self) -> tuple[str, ...]:
        """Every CUDA with an image, as major.minor, highest first."""
        return tuple(sorted({minor(image.cuda) for image in self.images}, key=Version, reverse=True))


def agree(one: str, other: str) -> bool:
    """Whether two versions may mean the same: 12, 12.8 and 12.8.1 do, 12.8 and 12.6 do not; "" is any."""
    if not one or not other:
        return True
    return all(a == b for a, b in zip(_numbers(one), _numbers(other), strict=False))


def minor(version: str) -> str:
    """The first two numbers: 12.8.1 is 12.8."""
    return ".".join(version.split(".")[:2])


@lru_cache(maxsize=1024)
def _public(version: str) -> str:
    return Version(version).public


@lru_cache(maxsize=1024)
def _numbers(version: str) -> tuple[int, ...]:
    return tuple(map(int, version.split(".")))


def _rank(image: CudaImage) -> tuple[Version, Version, Version]:
    return Version(image.cuda), Version(image.cudnn), Version(image.ubuntu)


def _rows(path: Path, kind: type[Any]) -> list[Any]:
    try:
        rows = json.loads(path.read_bytes())
    except ValueError as error:
        raise ValueError(f"{path} is not JSON: {error}") from None
    return [_row(path, number, row, kind) for number, row in enumerate(rows, 1)]


def _row(path: Path, number: int, row: Any, kind: type[Any]) -> Any:
    """One row; null is "", arrays are tuples; every text that names a version must be one."""
    try:
        values = {key: tuple(value) if isinstance(value, list) else value or "" for key, value in row.items()}
        built = kind(**values)
        for key in ("torch", "tensorflow", "cuda", "cudnn", "ubuntu"):
            Version(str(values.get(key) or "0"))
    except (TypeError, ValueError, AttributeError) as error:
        raise ValueError(f"{path}, row {number}: {error}") from None
    return built
