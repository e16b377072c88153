"""Packages built, tested and pushed by a real engine; what users then do with the image."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import replace

import pytest
from docker import APIClient

from local.docker_engine import docker_answers
from modelserver.config import Example
from modelserver.jsontypes import JSON
from tests.docker import recipes
from tests.docker.conftest import Workshop

pytestmark = pytest.mark.docker

HELLO = "class Model:\n    def run(self, text: str) -> str:\n        return 'hello ' + text\n"
WORLD = Example({"text": "world"}, "hello world")


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], capture_output=True, text=True, check=True).stdout


def steps(log: str) -> list[tuple[str, bool]]:
    """Each instruction, and whether its layer was found and not made."""
    return [(found[1], "Using cache" in found[2]) for found in re.finditer(r"Step \S+ : (\S+)([^S]*)", log)]


def test_a_model_is_built_tested_and_tagged_with_its_id(workshop: Workshop) -> None:
    package = workshop.package({"infer.py": HELLO}, WORLD)
    outcome = workshop.build(package)
    assert outcome.error == {}, workshop.log(package)
    (artifact,) = outcome.artifacts
    assert (artifact.target, artifact.uri) == ("docker-cpu", f"tests/tiny:{package.id[:12]}")
    assert outcome.test["Examples"][0]["Output"] == "hello world"  # type: ignore[index,call-overload]
    assert list(outcome.schema["Input"]["properties"]) == ["text"]  # type: ignore[index,call-overload,arg-type]
    assert json.loads(docker("run", "--rm", artifact.uri, "test"))["Passed"] is True
    assert docker("run", "--rm", "--entrypoint", "id", artifact.uri, "-u").strip() != "0"


def test_a_pushed_image_can_be_pulled_by_its_digest_and_run(
    workshop: Workshop, engine: APIClient, registry: str
) -> None:
    workshop.settings = replace(workshop.settings, registry=registry)
    package = workshop.package({"infer.py": HELLO}, WORLD)
    outcome = workshop.build(package)
    assert outcome.error == {}, workshop.log(package)
    (artifact,) = outcome.artifacts
    assert artifact.uri == f"{registry}/tests/tiny:{package.id[:12]}"
    workshop.local.remove(package)
    assert workshop.left(package) == []
    pinned = f"{registry}/tests/tiny@{artifact.digest}"
    docker("pull", "-q", pinned)
    assert json.loads(docker("run", "--rm", pinned, "test"))["Examples"][0]["Output"] == "hello world"
    engine.remove_image(pinned)


def test_a_change_of_code_rebuilds_one_layer_of_files(workshop: Workshop) -> None:
    workshop.build(workshop.package({"infer.py": HELLO}, WORLD))
    changed = workshop.package({"infer.py": HELLO + "# more\n"}, WORLD)
    workshop.build(changed)
    made = [instruction for instruction, cached in steps(workshop.log(changed)) if not cached]
    assert [instruction for instruction in made if instruction in ("RUN", "COPY", "ADD")] == ["COPY"]


def test_files_keep_their_modes_and_unusual_names(workshop: Workshop) -> None:
    names = ["ü/ñ.txt", "a b/c d.txt", "d" * 120 + "/" + "e" * 120, "Dockerfile", ".dockerignore"]
    code = "import os\nclass Model:\n    def run(self) -> list:\n        return sorted(\n"
    code += "            os.path.relpath(os.path.join(d, f)) for d, _, fs in os.walk('.') for f in fs)\n"
    files = {"infer.py": code, **dict.fromkeys(names, "*")}
    expected: JSON = [*sorted([*names, "infer.py", "jid.yaml"])]
    outcome = workshop.build(workshop.package(files, Example({}, expected)))
    assert outcome.error == {}


def test_a_gpu_image_is_imported_and_marked_untested_without_a_gpu(workshop: Workshop, engine: APIClient) -> None:
    if "nvidia" in engine.info()["Runtimes"]:
        pytest.skip("this machine has a GPU, so the image is tested like any other")
    workshop.recipe = recipes.PLAIN
    package = workshop.package({"infer.py": HELLO}, WORLD, architectures=("cpu", "gpu"))
    outcome = workshop.build(package)
    assert [(made.target, made.uri[-4:], made.tested) for made in outcome.artifacts] == [
        ("docker-cpu", package.id[8:12], True),
        ("docker-gpu", "-gpu", False),
    ]
    assert outcome.test["Passed"] is True
    assert "no GPU" in workshop.log(package)


def test_an_example_that_differs_shows_expected_and_got_and_publishes_nothing(
    workshop: Workshop, registry: str
) -> None:
    workshop.settings = replace(workshop.settings, registry=registry)
    package = workshop.package({"infer.py": HELLO}, WORLD, Example({"text": "you"}, "goodbye you"))
    outcome = workshop.build(package)
    assert outcome.artifacts == ()
    assert outcome.error["code"] == "TEST_FAILED"
    for part in ("example 2 of 2", '"goodbye you"', '"hello you"'):
        assert part in str(outcome.error["detail"])
    assert [each["Passed"] for each in outcome.test["Examples"]] == [True, False]  # type: ignore[union-attr,index,call-overload]
    assert workshop.left(package) == []
    assert "push" not in workshop.log(package)


def test_a_package_that_is_not_to_be_had_fails_with_the_words_of_pip(workshop: Workshop) -> None:
    package = workshop.package({"infer.py": HELLO}, WORLD, python_packages=("modelserver-has-no-such-package==1.0",))
    outcome = workshop.build(package)
    assert outcome.error["code"] == "BUILD_FAILED"
    assert "No matching distribution found for modelserver-has-no-such-package==1.0" in str(outcome.error["detail"])
    assert "No matching distribution" in str(outcome.error["log"])
    assert workshop.left(package) == []


def test_a_missing_base_image_names_the_setting_that_helps(workshop: Workshop) -> None:
    workshop.settings = replace(workshop.settings, base_image_prefix="localhost:1/")
    outcome = workshop.build(workshop.package({"infer.py": HELLO}, WORLD))
    assert outcome.error["code"] == "BUILD_FAILED"
    assert "base image localhost:1/python:3.11-slim" in str(outcome.error["detail"])
    assert "MODELSERVER_BASE_IMAGE_PREFIX" in str(outcome.error["detail"])


def test_a_registry_that_does_not_answer_is_named_and_nothing_stays(workshop: Workshop) -> None:
    workshop.settings = replace(workshop.settings, registry="localhost:1/models")
    package = workshop.package({"infer.py": HELLO}, WORLD)
    outcome = workshop.build(package)
    assert outcome.error["code"] == "BUILD_FAILED"
    assert f"localhost:1/models/tests/tiny:{package.id[:12]} could not be pushed" in str(outcome.error["detail"])
    assert workshop.left(package) == []


def test_removing_a_package_spares_the_containers_that_users_started(workshop: Workshop, engine: APIClient) -> None:
    package = workshop.package({"infer.py": HELLO}, WORLD)
    (artifact,) = workshop.build(package).artifacts
    mine = engine.create_container(artifact.uri, ["serve"])["Id"]
    try:
        workshop.builder.clean(package)
        workshop.local.remove(package)
        assert engine.inspect_container(mine)["Id"] == mine
    finally:
        engine.remove_container(mine)


def test_without_an_engine_the_answer_says_how_to_get_one(workshop: Workshop, monkeypatch: pytest.MonkeyPatch) -> None:
    package = workshop.package({"infer.py": HELLO}, WORLD)
    with monkeypatch.context() as elsewhere:
        elsewhere.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
        assert not docker_answers()
        outcome = workshop.build(package)
    assert outcome.error["code"] == "UNAVAILABLE"
    assert "Docker engine does not answer" in str(outcome.error["detail"])
    assert "--engine process" in str(outcome.error["detail"])
