"""Every row of the facts, pinned alone, completes to what that row says and what really exists."""

from __future__ import annotations

import pytest
from packaging.version import Version

from modelserver.completion import Wheels, complete, wheels
from modelserver.config import PYTHONS, Completion, Config, Environment, ModelName
from modelserver.frameworks import Facts, TensorflowRow, TorchRow, agree

FACTS = Facts.load()
GPU_ROWS = [row for row in FACTS.torch if row.cuda]
CPU_ROWS = [row for row in FACTS.torch if not row.cuda]
RELEASES = sorted({Version(row.torch).public for row in FACTS.torch}, key=Version)


def completed(*packages: str) -> tuple[Config, tuple[Completion, ...]]:
    config = Config(ModelName("a"), "infer.py:Model", Environment(python_packages=packages))
    return complete(config, "", FACTS, "3.12")


def chosen(config: Config, completion: tuple[Completion, ...], architecture: str) -> Wheels:
    return wheels(config, "", FACTS, "gpu" if architecture == "gpu" else "cpu", completion)


def newest(*sides: tuple[str, ...]) -> str:
    return max(set(PYTHONS).intersection(*map(set, sides)), key=Version)


def assert_exists(config: Config) -> None:
    """There is a tag of nvidia/cuda with this CUDA and this cuDNN."""
    environment = config.environment
    assert any(agree(image.cuda, environment.cuda) and image.cudnn == environment.cudnn for image in FACTS.images)


def assert_reasoned(config: Config, completion: tuple[Completion, ...], label: str) -> None:
    """Each chosen value is explained by the pin; an old Python comes with a word of caution."""
    reasons = {one.path: one.because for one in completion}
    assert label in reasons["Environment.Architectures"] + reasons["Environment.PythonVersion"]
    assert label in reasons["Environment.PythonVersion"]
    old = Version(config.environment.python_version) < Version("3.8")
    assert ("3.8 and later" in reasons["Environment.PythonVersion"]) == old


def cpu_row(row: TorchRow) -> TorchRow:
    public = Version(row.torch).public
    return next(one for one in CPU_ROWS if Version(one.torch).public == public)


@pytest.mark.parametrize("release", RELEASES)
def test_a_release_of_torch(release: str) -> None:
    config, completion = completed(f"torch=={release}")
    rows = [row for row in GPU_ROWS if Version(row.torch).public == release]
    having = [row for row in rows if any(agree(image.cuda, row.cuda) for image in FACTS.images)]
    best = max(having, key=lambda row: Version(row.cuda))
    environment = config.environment
    assert environment.architectures == ("cpu", "gpu")
    assert environment.cuda == best.cuda
    assert environment.python_version == newest(best.pythons, cpu_row(best).pythons)
    assert chosen(config, completion, "gpu").packages == (f"torch=={best.torch}",)
    assert_exists(config)
    assert_reasoned(config, completion, f"torch {release}")


@pytest.mark.parametrize("row", GPU_ROWS, ids=lambda row: f"{row.torch}-cuda{row.cuda}")
def test_a_cuda_build_of_torch_with_its_whole_family(row: TorchRow) -> None:
    local = "" if "+" in row.torch else f"+cu{row.cuda.replace('.', '')}"
    pins = [f"torch=={row.torch}{local}", f"torchvision=={row.torchvision}"]
    pins += [f"torchaudio=={row.torchaudio}"] if row.torchaudio else []
    config, completion = completed(*pins)
    found = chosen(config, completion, "gpu")
    assert config.environment.architectures == ("cpu", "gpu")
    assert config.environment.cuda == row.cuda
    assert config.environment.python_version == newest(row.pythons, cpu_row(row).pythons)
    family = [f"torch=={row.torch}", f"torchvision=={row.torchvision}"]
    family += [f"torchaudio=={row.torchaudio}"] if row.torchaudio else []
    assert found.packages == tuple(family)
    assert found.extra_index_urls == ((row.extra_index_url,) if row.extra_index_url else ())
    assert found.find_links == ((row.find_links,) if row.find_links else ())
    assert found.cuda_image == ""
    assert_exists(config)


@pytest.mark.parametrize("row", GPU_ROWS, ids=lambda row: f"{row.torch}-cuda{row.cuda}")
def test_the_cpu_image_of_a_cuda_build_takes_the_cpu_build(row: TorchRow) -> None:
    config, completion = completed(f"torch=={row.torch}")
    found = chosen(config, completion, "cpu")
    assert found.packages == (f"torch=={cpu_row(row).torch}",)
    assert found.cuda_image == ""


@pytest.mark.parametrize("row", CPU_ROWS, ids=lambda row: row.torch)
def test_a_cpu_build_of_torch(row: TorchRow) -> None:
    config, completion = completed(f"torch=={row.torch}")
    found = chosen(config, completion, "cpu")
    assert config.environment == Environment(
        python_version=newest(row.pythons),
        python_packages=(f"torch=={row.torch}",),
        architectures=("cpu",),
    )
    assert found.packages == (f"torch=={row.torch}",)
    assert (*found.extra_index_urls, *found.find_links) == (row.extra_index_url or row.find_links,)


@pytest.mark.parametrize("row", FACTS.tensorflow, ids=lambda row: row.tensorflow)
def test_a_version_of_tensorflow(row: TensorflowRow) -> None:
    config, completion = completed(f"tensorflow=={row.tensorflow}")
    environment = config.environment
    assert environment.architectures == ("cpu", "gpu")
    assert environment.cuda == row.cuda
    assert environment.python_version == newest(row.pythons)
    assert_exists(config)
    assert_reasoned(config, completion, f"tensorflow {row.tensorflow}")
    cpu, gpu = chosen(config, completion, "cpu"), chosen(config, completion, "gpu")
    assert cpu.packages == (row.cpu_package,)
    assert gpu.packages[0] == row.gpu_package
    image = next(image for image in FACTS.images if image.tag == gpu.cuda_image)
    assert agree(image.cuda, row.cuda)
    assert image.cudnn == environment.cudnn


@pytest.mark.parametrize("row", FACTS.tensorflow, ids=lambda row: row.tensorflow)
def test_tensorflow_gets_the_cudnn_it_was_built_with_where_there_is_one(row: TensorflowRow) -> None:
    config, completion = completed(f"tensorflow=={row.tensorflow}")
    because = next(one.because for one in completion if one.path == "Environment.CuDNN")
    existing = FACTS.images_for(row.cuda, row.cudnn)
    assert agree(config.environment.cudnn, row.cudnn) == bool(existing)
    assert f"was built with cuDNN {row.cudnn}" in because
    assert ("no such image" in because) == (not existing)
