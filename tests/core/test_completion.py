"""What is not said is completed with a reason; what does not go together is refused, both sides named."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from modelserver.completion import complete, wheels
from modelserver.config import Completion, Config, Environment, ModelName
from modelserver.errors import Fault, InvalidPackage
from modelserver.frameworks import Facts
from modelserver.jsontypes import JSON

FACTS = Facts.load()
PACKAGES = ("torch==2.4.0", "torch==1.8.0", "torch==2.4.0+cpu", "tensorflow==2.4.0", "tensorflow==2.17.0")
OTHERS = ("jax==0.4.30", "torch==99.0", "pillow==11.0.0", "torchvision==0.19.0", "tensorflow-gpu==1.15.0")


def config(**environment: Any) -> Config:
    return Config(ModelName("a"), "infer.py:Model", Environment(**environment))


def completed(requirements: str = "", **environment: Any) -> Environment:
    return complete(config(**environment), requirements, FACTS, "3.12")[0].environment


def reasons(requirements: str = "", **environment: Any) -> Mapping[str, Completion]:
    completion = complete(config(**environment), requirements, FACTS, "3.12")[1]
    return {one.path.removeprefix("Environment."): one for one in completion}


def faults(requirements: str = "", **environment: Any) -> tuple[Fault, ...]:
    with pytest.raises(InvalidPackage) as caught:
        complete(config(**environment), requirements, FACTS, "3.12")
    return caught.value.faults


def only(requirements: str = "", **environment: Any) -> Fault:
    found = faults(requirements, **environment)
    assert len(found) == 1, found
    assert found[0].hint
    return found[0]


def test_nothing_said_is_a_cpu_image_with_the_servers_python() -> None:
    assert completed() == Environment(python_version="3.12", architectures=("cpu",))
    assert reasons()["PythonVersion"].because == "the server's default"
    assert reasons()["Architectures"].value == ["cpu"]


def test_everything_said_stays_and_needs_no_reason() -> None:
    said: dict[str, Any] = {
        "python_version": "3.11",
        "python_packages": ("torch==2.4.0",),
        "architectures": ("gpu",),
        "cuda": "11.8",
        "cudnn": "8",
    }
    assert completed(**said) == Environment(**said)
    assert reasons(**said) == {}


def test_cuda_alone_asks_for_a_gpu_image() -> None:
    environment = completed(cuda="12.8")
    assert (environment.architectures, environment.cuda, environment.cudnn) == (("cpu", "gpu"), "12.8", "9")
    assert reasons(cuda="12.8")["Architectures"].because == "cuda is set"


def test_gpu_alone_is_the_highest_cuda_with_an_image() -> None:
    environment = completed(architectures=("gpu",))
    assert (environment.cuda, environment.cudnn) == ("13.3", "9")


def test_half_a_cuda_version_is_made_whole() -> None:
    assert completed(python_packages=("torch==2.4.0",), cuda="11").cuda == "11.8"
    assert completed(cuda="11").cuda == "11.8"


def test_a_pinned_cudnn_chooses_a_cuda_that_has_it() -> None:
    environment = completed(python_packages=("torch==2.4.0",), cudnn="8")
    assert (environment.cuda, environment.cudnn) == ("12.1", "8")


def test_a_pinned_python_chooses_a_cuda_that_has_it() -> None:
    environment = completed(python_packages=("torch==1.10.0",), python_version="3.10", architectures=("gpu",))
    assert environment.cuda == "11.1"


def test_pins_in_the_requirements_file_count() -> None:
    text = "# frameworks\nnumpy>=1.21\n-r more.txt\ntorch == 1.8.0  # pinned\n"
    assert completed(text, python_requirements="requirements.txt").cuda == "11.1"


@pytest.mark.parametrize(
    "text",
    [
        "torch==1.8.0 --hash=sha256:00",
        "torch==1.8.0 \\\n  --hash=sha256:00",
        "torch==1.8.0 ; python_version >= '3.6'",
        "Torch == 1.8.0 ; sys_platform == 'linux'",
    ],
)
def test_a_pin_in_other_words(text: str) -> None:
    assert completed(text, python_requirements="r.txt").cuda == "11.1"


@pytest.mark.parametrize(
    "text",
    ["torch>=1.8.0", "torch", "torch==1.8.*", "# torch==1.8.0", "torch==1.8.0; sys_platform == 'darwin'", "-e ."],
)
def test_what_is_no_pin_does_not_count(text: str) -> None:
    assert completed(text, python_requirements="r.txt").architectures == ("cpu",)


@pytest.mark.parametrize(
    "line",
    [
        "torch==1.8.0 ; " + "(" * 5000,
        "torch==1.8.0 ; nonsense",
        "torch==1.8.0 ; python_version >= '3.6' and 'x' == '" + "y" * 5000 + "'",
    ],
)
def test_a_marker_that_cannot_be_read_holds(line: str) -> None:
    assert completed(line, python_requirements="r.txt").cuda == "11.1"


def test_torch_and_tensorflow_with_a_cuda_in_common() -> None:
    environment = completed(python_packages=("torch==2.0.1", "tensorflow==2.13.0"))
    assert (environment.cuda, environment.cudnn, environment.python_version) == ("11.8", "8", "3.11")
    because = reasons(python_packages=("torch==2.0.1", "tensorflow==2.13.0"))["CUDA"].because
    assert "torch 2.0.1 and tensorflow 2.13.0 both have wheels for" in because


def test_torch_and_tensorflow_without_a_cuda_in_common_names_both_sides() -> None:
    fault = only(python_packages=("torch==1.8.0", "tensorflow==2.4.0"))
    assert fault.code == "FRAMEWORK_CONFLICT"
    assert fault.pointer == "/environment/python_packages/1"
    for said in ("torch 1.8.0", "11.1", "10.2", "tensorflow 2.4.0", "11.0"):
        assert said in fault.detail


def test_the_same_two_go_together_without_a_gpu() -> None:
    pins = ("torch==1.8.0", "tensorflow==2.4.0")
    assert completed(python_packages=pins, architectures=("cpu",)).python_version == "3.8"


def test_torch_and_tensorflow_without_a_python_in_common() -> None:
    fault = only(python_packages=("torch==2.12.1", "tensorflow==2.4.0"), architectures=("cpu",))
    assert fault.code == "FRAMEWORK_CONFLICT"
    assert "torch 2.12.1 has wheels for Python 3.14" in fault.detail
    assert "tensorflow 2.4.0 has wheels for Python 3.8" in fault.detail


@pytest.mark.parametrize("pin", ["torch==99.0", "tensorflow==99.0", "jax==0.4.30", "torch==2.4.0+cu999"])
def test_an_unknown_version_without_cuda_says_what_to_set(pin: str) -> None:
    fault = only(python_packages=(pin,))
    assert (fault.code, fault.pointer) == ("UNKNOWN_FRAMEWORK_VERSION", "/environment/python_packages/0")
    assert pin.replace("==", " ") in fault.detail
    assert "environment.cuda" in fault.hint


@pytest.mark.parametrize("pin", ["torch==99.0", "tensorflow==99.0", "jax==0.4.30"])
def test_an_unknown_version_with_cuda_is_a_warning(pin: str) -> None:
    warned = reasons(python_packages=(pin,), cuda="12.8")["PythonPackages"]
    assert warned.value == pin
    assert "no facts" in warned.because
    assert completed(python_packages=(pin,), cuda="12.8").cudnn == "9"


def test_an_unknown_version_without_a_gpu_is_a_warning() -> None:
    assert "PythonPackages" in reasons(python_packages=("torch==99.0",), architectures=("cpu",))


def test_a_patch_of_tensorflow_is_like_its_minor_version() -> None:
    whole = config(python_packages=("tensorflow==2.15.1",))
    environment, why = complete(whole, "", FACTS, "3.12")
    assert (environment.environment.cuda, environment.environment.cudnn) == ("12.2", "8")
    assert wheels(environment, "", FACTS, "gpu", why).packages == ("tensorflow==2.15.1",)


@pytest.mark.parametrize(
    ("said", "pointer", "code", "named"),
    [
        ({"python_version": "3.14"}, "python_version", "PYTHON_CONFLICT", ("torch 2.4.0", "3.14", "3.12")),
        ({"python_version": "3.7"}, "python_version", "PYTHON_CONFLICT", ("torch 2.4.0", "3.7", "3.8")),
        ({"cuda": "11.7"}, "cuda", "CUDA_CONFLICT", ("torch 2.4.0", "11.7", "12.4", "11.8")),
        ({"cuda": "12.4", "cudnn": "8"}, "cudnn", "UNKNOWN_CUDNN", ("12.4", "cuDNN 8", "cuDNN 9")),
        ({"cudnn": "5"}, "cudnn", "UNKNOWN_CUDNN", ("cuDNN 5", "12.4")),
    ],
)
def test_what_torch_has_no_wheels_for(said: dict[str, str], pointer: str, code: str, named: tuple[str, ...]) -> None:
    found = [fault for fault in faults(python_packages=("torch==2.4.0",), **said) if fault.code == code]
    assert found[0].pointer == f"/environment/{pointer}"
    for text in named:
        assert text in f"{found[0].detail}; {found[0].hint}"


def test_a_cuda_without_an_image() -> None:
    fault = only(cuda="12.7")
    assert (fault.pointer, fault.code) == ("/environment/cuda", "UNKNOWN_CUDA")
    assert "12.8" in fault.hint


def test_a_cudnn_that_tensorflow_was_not_built_with() -> None:
    fault = only(python_packages=("tensorflow==2.2.0",), cudnn="8")
    assert (fault.pointer, fault.code) == ("/environment/cudnn", "CUDNN_CONFLICT")
    assert "tensorflow 2.2.0 was built with cuDNN 7.6" in fault.detail


def test_a_cudnn_without_an_image_is_told_of_and_installed_beside() -> None:
    because = reasons(python_packages=("tensorflow==2.17.0",))["CuDNN"].because
    assert "tensorflow 2.17.0 was built with cuDNN 8.9" in because
    assert "nvidia-cudnn-cu12==8.9.7.29 is installed" in because


def test_a_cpu_build_and_gpu_asked_for() -> None:
    fault = only(python_packages=("torch==2.4.0+cpu",), architectures=("gpu",))
    assert fault.code == "FRAMEWORK_WITHOUT_GPU"


def test_one_framework_in_two_versions() -> None:
    fault = only("torch==2.4.1\n", python_requirements="r.txt", python_packages=("torch==2.4.0",))
    assert fault.code == "FRAMEWORK_CONFLICT"
    assert "torch 2.4.0" in fault.detail
    assert "torch 2.4.1" in fault.detail


def test_a_torchvision_of_another_torch() -> None:
    fault = only(python_packages=("torch==2.4.0", "torchvision==0.18.0"))
    assert fault.code == "FRAMEWORK_CONFLICT"
    assert "torchvision 0.18.0 does not go with torch 2.4.0" in fault.detail
    assert fault.hint == "pin torchvision==0.19.0"


def test_all_that_is_wrong_comes_at_once() -> None:
    found = faults(python_packages=("torch==2.4.0",), python_version="3.14", cuda="11.7", cudnn="5")
    assert [fault.code for fault in found] == ["PYTHON_CONFLICT", "CUDA_CONFLICT", "UNKNOWN_CUDNN"]


def test_cuda_without_gpu_has_no_effect_and_says_so() -> None:
    assert "no effect" in reasons(architectures=("cpu",), cuda="12.8")["CUDA"].because


@given(
    packages=st.lists(st.sampled_from(PACKAGES + OTHERS), max_size=3, unique=True),
    architectures=st.sampled_from([(), ("cpu",), ("gpu",), ("cpu", "gpu")]),
    python=st.sampled_from(["", "3.7", "3.8", "3.9", "3.12"]),
    cuda=st.sampled_from(["", "11", "11.0", "11.1.1", "12", "12.4", "12.7", "13.0"]),
    cudnn=st.sampled_from(["", "7", "8", "8.9", "9", "9.3"]),
)
def test_a_completed_config_completes_to_itself(
    packages: list[str], architectures: tuple[str, ...], python: str, cuda: str, cudnn: str
) -> None:
    said: dict[str, Any] = {"architectures": architectures, "python_version": python, "cuda": cuda, "cudnn": cudnn}
    try:
        once, completion = complete(config(python_packages=tuple(packages), **said), "", FACTS, "3.12")
    except InvalidPackage as problem:
        assert all(fault.hint for fault in problem.faults)
        assume(False)
    again, more = complete(once, "", FACTS, "3.9")
    assert again == once
    told: dict[str, JSON] = {one.path: one.value for one in completion}
    assert all(one.path in told or "not checked" in one.because or "no effect" in one.because for one in more)
    for architecture in once.environment.architectures:
        found = wheels(once, "", FACTS, architecture, completion)
        assert len(found.packages) >= len({text.partition("==")[0] for text in packages}) - 1
        assert (architecture == "gpu") >= bool(found.cuda_image)
