"""The Dockerfile: its layers in order, its bases, and nothing in it that a value could add."""

from __future__ import annotations

from typing import Any

import pytest

from modelserver.completion import complete, wheels
from modelserver.config import Architecture, Config, Environment, ModelName
from modelserver.dockerfile import dockerfile, labels_of
from modelserver.errors import Misconfigured
from modelserver.frameworks import Facts
from tests.core.dockerfiles import Instruction, instructions, words

FACTS = Facts.load()


def made(architecture: Architecture = "cpu", requirements: str = "", **said: Any) -> str:
    """The Dockerfile of one architecture, from what a user said; options of `dockerfile` as they are."""
    options = {key: said.pop(key) for key in ("base_image_prefix", "package_index") if key in said}
    labels = labels_of(Config(ModelName("andreas/scratch"), "infer.py:Model"), said.pop("package_id", ""))
    asked = Config(ModelName("andreas/scratch"), "infer.py:Model", Environment(**said))
    config, completion = complete(asked, requirements, FACTS, "3.12")
    listed = wheels(config, requirements, FACTS, architecture, completion)
    return dockerfile(config, architecture, listed, labels=labels, **options)


def runs(text: str, first: str) -> list[list[str]]:
    """The commands with this word in them."""
    found = [one for line in instructions(text) if line.word == "RUN" for one in line.commands]
    return [command for command in found if first in command]


def position(text: str, part: str) -> int:
    return next(at for at, line in enumerate(text.splitlines()) if part in line)


def bases(text: str) -> list[str]:
    return [line.rest for line in instructions(text) if line.word == "FROM"]


def test_layers_go_from_what_seldom_changes_to_what_often_does() -> None:
    text = made(
        requirements="numpy==1.26.4\n",
        python_requirements="deps/requirements.txt",
        python_packages=("pillow==11.0.0",),
        system_packages=("ffmpeg",),
        package_id="2c7492b7d3d6" * 3 + "abcd",
    )
    parts = [
        "FROM python:3.12-slim",
        "useradd",
        "ffmpeg",
        'COPY ["model/src/deps/requirements.txt", "/tmp/requirements.txt"]',
        "--requirement /tmp/requirements.txt",
        "pillow==11.0.0",
        "COPY runtime/ /opt/jid/",
        "compileall -q /opt/jid",
        "ENTRYPOINT",
        "COPY model/ /model/",
        "LABEL org.opencontainers.image.title=",
    ]
    places = [position(text, part) for part in parts]
    assert places == sorted(places)
    assert len(set(places)) == len(places)


def test_a_change_of_code_alone_makes_one_layer() -> None:
    text = made(package_id="a" * 40)
    after = instructions(text)[position(text, "COPY model/ /model/") + 1 :]
    assert [line.word for line in after] == ["LABEL"]
    before = "\n".join(text.splitlines()[: position(text, "COPY model/")])
    assert "andreas" not in before
    assert "a" * 40 not in before


def test_how_the_container_runs() -> None:
    lines = instructions(made())
    assert Instruction("ENTRYPOINT", '["python", "-I", "-S", "/opt/jid/jid/__main__.py"]') in lines
    assert Instruction("CMD", '["serve"]') in lines
    assert Instruction("USER", "jid") in lines
    assert Instruction("WORKDIR", "/model/src") in lines
    assert Instruction("EXPOSE", "5000") in lines
    variables = next(line.rest for line in lines if line.word == "ENV").split()
    assert {"JID_CONFIG=/model/jid.json", "JID_SOURCE=/model/src", "PYTHONUNBUFFERED=1"} <= set(variables)


def test_the_user_is_made_with_the_id_1000() -> None:
    command = runs(made(), "useradd")[0]
    assert command[-1] == "jid"
    assert command[command.index("--uid") + 1] == "1000"


def test_system_packages_are_installed_without_recommends_and_without_lists_left() -> None:
    text = made(system_packages=("libgl1", "ffmpeg", "g++=4:12.2.0-3"))
    install = next(command for command in runs(text, "apt-get") if "install" in command)
    assert install[-3:] == ["ffmpeg", "g++=4:12.2.0-3", "libgl1"]
    assert "--no-install-recommends" in install
    assert runs(text, "rm") == [["rm", "-rf", "/var/lib/apt/lists/*"]]


def test_the_same_packages_in_another_order_are_the_same_layers() -> None:
    one = made("gpu", python_packages=("pillow==11.0.0", "torch==2.4.0"), system_packages=("a1", "b2"))
    other = made("gpu", python_packages=("torch==2.4.0", "pillow==11.0.0"), system_packages=("b2", "a1"))
    assert one == other


def test_torch_stands_on_slim_python_with_the_wheel_for_the_architecture() -> None:
    cpu = made("cpu", python_packages=("torch==2.4.0",))
    gpu = made("gpu", python_packages=("torch==2.4.0",))
    assert bases(cpu) == bases(gpu) == ["python:3.12-slim"]
    assert runs(cpu, "pip")[0][-3:] == [
        "--extra-index-url",
        "https://download.pytorch.org/whl/cpu/",
        "torch==2.4.0+cpu",
    ]
    assert runs(gpu, "pip")[0][-3:] == [
        "--extra-index-url",
        "https://download.pytorch.org/whl/cu124/",
        "torch==2.4.0+cu124",
    ]


def test_cuda_pinned_by_hand_stands_on_nvidias_image() -> None:
    text = made("gpu", python_packages=("torch==2.4.0",), cuda="12.1")
    assert bases(text) == ["nvidia/cuda:12.1.1-cudnn8-devel-ubuntu22.04 AS cuda", "python:3.12-slim"]
    assert "torch==2.4.0+cu121" in runs(text, "pip")[0]
    assert bases(made("cpu", python_packages=("torch==2.4.0",), cuda="12.1")) == ["python:3.12-slim"]


def test_tensorflow_takes_cuda_from_nvidias_image() -> None:
    text = made("gpu", python_packages=("tensorflow==2.4.0",))
    assert bases(text) == ["nvidia/cuda:11.0.3-cudnn8-devel-ubuntu20.04 AS cuda", "python:3.8-slim"]
    assert "COPY --from=cuda /opt/cuda/ /usr/local/cuda/" in text
    assert position(text, "ldconfig") < position(text, "tensorflow==2.4.0")
    assert bases(made("cpu", python_packages=("tensorflow==2.4.0",))) == ["python:3.8-slim"]


def test_tensorflow_finds_the_cudnn_it_was_built_with_where_no_image_has_it() -> None:
    text = made("gpu", python_packages=("tensorflow==2.17.0",))
    install = next(line for line in instructions(text) if "tensorflow==2.17.0" in line.rest)
    assert install.commands[0][-2:] == ["tensorflow==2.17.0", "nvidia-cudnn-cu12==8.9.7.29"]
    assert install.commands[-1] == ["ldconfig"]
    folders = runs(text, "printf")[0]
    assert folders[2] == "/usr/local/lib/python3.12/site-packages/nvidia/cudnn/lib"


def test_a_cudnn_package_of_the_users_own_is_left_alone() -> None:
    text = made("gpu", python_packages=("tensorflow==2.17.0", "nvidia-cudnn-cu12==8.9.4.25"))
    assert text.count("nvidia-cudnn-cu12==") == 1


def test_tensorflow_1_has_a_package_of_its_own_for_gpus() -> None:
    assert "tensorflow_gpu==1.15.0" in runs(made("gpu", python_packages=("tensorflow==1.15.0",)), "pip")[0]
    assert "tensorflow==1.15.0" in runs(made("cpu", python_packages=("tensorflow_gpu==1.15.0",)), "pip")[0]


def test_torch_in_the_requirements_file_gets_its_wheel_too() -> None:
    text = made("gpu", "torch==1.7.1\n", python_requirements="requirements.txt")
    command = runs(text, "pip")[0]
    assert command[-3:] == ["--requirement", "/tmp/requirements.txt", "torch==1.7.1+cu110"]
    assert "https://download.pytorch.org/whl/torch_stable.html" in command
    assert len(runs(text, "pip")) == 1


def test_a_mirror_stands_before_every_base_image() -> None:
    text = made("gpu", python_packages=("tensorflow==2.4.0",), base_image_prefix="mirror.example.com:5000/hub/")
    assert [base.partition(" ")[0] for base in bases(text)] == [
        "mirror.example.com:5000/hub/nvidia/cuda:11.0.3-cudnn8-devel-ubuntu20.04",
        "mirror.example.com:5000/hub/python:3.8-slim",
    ]


def test_a_package_index_is_given_to_pip_and_not_left_in_the_image() -> None:
    text = made(package_index="https://mirror.example.com/simple?a=1&b=2", python_packages=("pillow==11.0.0",))
    command = runs(text, "pip")[0]
    assert command[command.index("--index-url") + 1] == "https://mirror.example.com/simple?a=1&b=2"
    kept = [line.rest for line in instructions(text) if line.word in ("ENV", "LABEL", "ARG")]
    assert not any("mirror.example.com" in rest for rest in kept)


@pytest.mark.parametrize("prefix", ["mirror.example.com", "a/\nRUN id\n", "-x/", "$HOME/", "a b/", "A/"])
def test_a_prefix_that_is_none_is_refused(prefix: str) -> None:
    with pytest.raises(Misconfigured, match="BASE_IMAGE_PREFIX"):
        made(base_image_prefix=prefix)


@pytest.mark.parametrize("index", ["ftp://a", "https://a b", "https://a'b", "https://a\nRUN id", "x", "https://`id`"])
def test_an_index_that_is_none_is_refused(index: str) -> None:
    with pytest.raises(Misconfigured, match="PACKAGE_INDEX"):
        made(package_index=index)


@pytest.mark.parametrize(
    "index", ["https://user:secret@mirror.example.com/simple/", "https://secret@mirror.example.com"]
)
def test_an_index_with_a_password_is_refused_and_not_repeated(index: str) -> None:
    with pytest.raises(Misconfigured, match="MODELSERVER_PACKAGE_INDEX") as raised:
        made(package_index=index)
    assert "secret" not in str(raised.value)


def test_nothing_said_has_no_layer_for_nothing() -> None:
    assert words(made()) == [
        *("FROM", "RUN", "COPY", "RUN", "ENV", "WORKDIR", "USER", "EXPOSE", "ENTRYPOINT", "CMD", "COPY", "LABEL"),
    ]
