"""The real buildspecs/model.yaml, carried out: its steps in Docker, its images in a registry."""

from __future__ import annotations

import re
import subprocess
import uuid
from collections.abc import Iterator
from dataclasses import replace
from typing import cast
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from modelserver.config import Environment
from modelserver.errors import Unavailable
from modelserver.frameworks import Facts
from modelserver.gcp.cloudbuild import cloudbuild
from modelserver.gcp.objects import Objects
from modelserver.jsontypes import Object
from modelserver.package import Package, PackageID
from tests.cloud.engines import REGISTRY, CloudWorld, cloud_world
from tests.cloud.storage_standin import Storage
from tests.packages import FAILING, HELLO, SLEEPING, model, zipped

pytestmark = pytest.mark.docker


@pytest.fixture
def world(bucket: str, shared_storage: Storage) -> Iterator[CloudWorld]:
    with cloud_world(bucket, shared_storage.url) as world:
        yield world


def _new(world: CloudWorld, code: str = HELLO, more: str = "") -> Package:
    """A package whose ID no registry has seen."""
    return _renamed(world.package(model(code, more=more)))


def _renamed(package: Package) -> Package:
    return replace(package, id=PackageID((uuid.uuid4().hex * 2)[:40]))


def _digest(uri: str) -> str | None:
    """Under which the registry has the image; None if it has none of this name."""
    repository, _, tag = uri.removeprefix(f"{REGISTRY}/").rpartition(":")
    accept = {"Accept": "application/vnd.docker.distribution.manifest.v2+json"}
    try:
        with urlopen(Request(f"http://{REGISTRY}/v2/{repository}/manifests/{tag}", None, accept)) as answer:
            return str(answer.headers["Docker-Content-Digest"])
    except HTTPError as error:
        error.close()
        return None


def _left(package: Package) -> str:
    """What the Docker engine still has of it."""
    return _docker("images", "--quiet", "--filter", f"label=modelserver={package.id}")


def _objects(world: CloudWorld) -> set[str]:
    return {key.partition("/")[0] for key, _ in Objects(world.settings.bucket).listed("")}


def test_a_package_becomes_an_image_that_is_known_by_its_digest(world: CloudWorld) -> None:
    package = _new(world)
    outcome = world.outcome(package)
    (artifact,) = outcome.artifacts
    assert artifact.target == "docker-cpu"
    assert artifact.uri == f"{world.settings.registry}/tests/hello:{package.id[:12]}"
    assert artifact.digest == _digest(artifact.uri)
    assert outcome.test["Passed"] is True
    assert outcome.schema["Output"] == {"type": "string"}
    assert _left(package) == ""


def test_a_model_that_fails_its_test_is_never_pushed(world: CloudWorld) -> None:
    package = _new(world, FAILING)
    outcome = world.outcome(package)
    assert outcome.error["code"] == "TEST_FAILED"
    assert "out of cheese" in str(outcome.error["detail"])
    assert outcome.error["ID"] == package.id
    assert 'Step #3 - "judge"' in str(outcome.error["log"])
    assert outcome.test["Passed"] is False
    assert _digest(f"{world.settings.registry}/tests/hello:{package.id[:12]}") is None
    assert _left(package) == ""


def test_an_image_that_cannot_be_built_shows_what_was_said(world: CloudWorld) -> None:
    package = _new(world)
    environment = Environment(python_version="9.9", architectures=("cpu",))
    outcome = world.outcome(replace(package, config=replace(package.config, environment=environment)))
    assert outcome.error["code"] == "BUILD_FAILED"
    assert "python:9.9-slim" in str(outcome.error["detail"])


def test_a_build_that_takes_too_long_is_ended(world: CloudWorld) -> None:
    world.settings = replace(world.settings, build_timeout=8)
    package = _new(world, SLEEPING)
    outcome = world.outcome(package)
    assert outcome.error["code"] == "BUILD_TIMED_OUT"
    assert "8 s" in str(outcome.error["detail"])
    assert _left(package) == ""


def test_a_test_that_takes_too_long_is_ended_before_its_build(world: CloudWorld) -> None:
    world.settings = replace(world.settings, test_timeout=3)
    error = world.outcome(_new(world, SLEEPING)).error
    assert error["code"] == "TEST_FAILED"
    assert "did not end within 3 s" in str(error["detail"])


_EATER = """
class Model:
    def run(self, text: str = "world") -> int:
        return len(bytearray(1 << 30))
"""
_TALKER = """
class Model:
    def run(self, text: str = "world") -> str:
        with open("/proc/1/fd/2", "wb", 0) as said:
            while True:
                said.write(b"x" * 65536)
"""


def test_a_model_that_takes_all_memory_is_told_how_much_it_had(world: CloudWorld) -> None:
    world.settings = replace(world.settings, test_memory=128 * 1024**2)
    error = world.outcome(_new(world, _EATER)).error
    assert error["code"] == "TEST_FAILED"
    assert "memory" in str(error["detail"]).lower()


def test_a_model_that_talks_without_end_is_stopped(world: CloudWorld) -> None:
    error = world.outcome(_new(world, _TALKER)).error
    assert error["code"] == "TEST_FAILED"
    assert "printed more than 8 MiB" in str(error["detail"])
    assert len(str(error["log"])) <= 4096


_PRISONER = """
import os, socket
def tries(action):
    try:
        action()
    except OSError:
        return "no"
    return "yes"
class Model:
    def run(self) -> dict:
        return {
            "networks": sorted(os.listdir("/sys/class/net")),
            "metadata": tries(lambda: socket.create_connection(("169.254.169.254", 80), 2)),
            "root": tries(lambda: open("/model/src/x", "w")),
            "docker": tries(lambda: os.stat("/var/run/docker.sock")),
            "workspace": tries(lambda: os.stat("/workspace")),
            "user": os.getuid() == 0,
        }
"""


def test_the_model_under_test_reaches_nothing(world: CloudWorld) -> None:
    outcome = world.outcome(_new(world, _PRISONER))
    (example,) = cast("list[Object]", outcome.test["Examples"])
    assert example["Output"] == {
        "networks": ["lo"],
        "metadata": "no",
        "root": "no",
        "docker": "no",
        "workspace": "no",
        "user": False,
    }


_LIAR = """
import sys
VERDICT = '{"Detail": "all is well", "Test": {"Passed": true}}'
class Model:
    def run(self) -> str:
        print('Step #3 - "judge": modelserver-problem: ' + VERDICT, file=sys.stderr, flush=True)
        print('\\rStep #3 - "judge": modelserver-problem: ' + VERDICT, file=sys.stderr, flush=True)
        raise ValueError("out of cheese")
"""


def test_a_model_cannot_speak_for_the_judge(world: CloudWorld) -> None:
    outcome = world.outcome(_new(world, _LIAR))
    assert "out of cheese" in str(outcome.error["detail"])
    assert outcome.test["Passed"] is False


def test_a_zip_that_was_swapped_after_the_check_is_not_built(world: CloudWorld) -> None:
    package = _new(world)
    swapped = world.storage.receive(iter([zipped(model("import evil\n"))]), 1 << 20)
    world.storage.keep(swapped.name)
    package = replace(package, upload=swapped.name)
    outcome = world.outcome(package)
    assert outcome.error["code"] == "UNAVAILABLE"
    assert "not the one that was checked" in str(outcome.error["detail"])
    assert _digest(f"{world.settings.registry}/tests/hello:{package.id[:12]}") is None


def test_a_zip_that_is_gone_is_said_before_anything_is_built(world: CloudWorld) -> None:
    package = _new(world)
    world.storage.delete(package.upload)
    with pytest.raises(Unavailable, match=package.id):
        world.engine.submit(package)
    assert world.standin.builds.list("") == []


@pytest.fixture
def cuda(world: CloudWorld) -> Iterator[str]:
    """A version of CUDA whose base image is in the engine: an image of that name, with next to nothing in it."""
    name = f"localhost/nvidia/cuda:{Facts.load().images_for('12.4', '')[0].tag}"
    recipe = "FROM localhost/python:3.11-slim\nRUN mkdir --parents /usr/local/cuda/bin\n"
    _docker("build", "--tag", name, "-", said=recipe)
    made = _docker("inspect", "--format", "{{.Id}}", name)
    yield "12.4"
    # The classic builder leaves the stage that stands on it.
    for image in _docker("images", "--quiet", "--filter", "dangling=true", "--filter", f"since={name}").split():
        if _docker("inspect", "--format", "{{.Parent}}", image) == made:
            _docker("rmi", image)
    _docker("rmi", name)


def _docker(*words: str, said: str = "") -> str:
    return subprocess.run(["docker", *words], input=said, check=True, capture_output=True, text=True).stdout


def test_for_both_architectures_both_images_come(world: CloudWorld, cuda: str) -> None:
    package = _new(world)
    environment = Environment(python_version="3.11", architectures=("cpu", "gpu"), cuda=cuda)
    package = replace(package, config=replace(package.config, environment=environment))
    outcome = world.outcome(package)
    tested = {one.target: (one.tested, one.digest == _digest(one.uri)) for one in outcome.artifacts}
    assert outcome.error == {}
    assert tested == {"docker-cpu": (True, True), "docker-gpu": (False, True)}


def test_layers_of_an_earlier_build_are_used_again(world: CloudWorld) -> None:
    name = f"tests/{uuid.uuid4().hex}"
    logs = []
    for salt in ("one", "two"):
        package = _renamed(world.package(model(salt=salt, name=name), name=name))
        assert world.outcome(package).error == {}
        logs.append(world.log(package))
    first, second = logs
    assert "There are no layers of an earlier build." in first
    assert "There are no layers" not in second
    before_the_code, code = second[second.index("Step 2/") :].split("COPY model/")
    assert before_the_code.count("Using cache") == len(re.findall(r"Step \d+/", before_the_code)) - 1
    assert "Using cache" not in code


def test_one_build_for_however_many_submissions(world: CloudWorld) -> None:
    package = _new(world)
    for _ in range(3):
        cloudbuild(world.settings, Objects(world.settings.bucket), world.storage).submit(package)
    assert world.outcome(package).error == {}
    assert len(world.standin.builds.list(f'tags="build-{package.build}"')) == 1


def test_the_log_grows_while_it_is_read(world: CloudWorld) -> None:
    package = _new(world, SLEEPING)
    world.engine.submit(package)
    seen = b""
    while b'Starting Step #2 - "test"' not in seen:
        assert world.engine.wait(package, 0.1) is None, seen.decode()
        seen += world.engine.log(package, len(seen))
    world.engine.cancel(package)
    assert world.engine.log(package, 0).startswith(seen)


def test_what_is_removed_leaves_the_zip_alone(world: CloudWorld) -> None:
    package = _new(world)
    world.outcome(package)
    assert len(_objects(world)) == 3  # packages/, recipes/, the log
    world.engine.remove(package)
    assert _objects(world) == {"packages"}


def test_a_setting_that_cloud_build_refuses_is_told(world: CloudWorld) -> None:
    world.settings = replace(world.settings, build_timeout=100_000)
    with pytest.raises(Unavailable, match="24 hours"):
        world.engine.submit(_new(world))


def test_when_cloud_build_does_not_answer_nothing_is_submitted(world: CloudWorld) -> None:
    world.settings = replace(world.settings, build_endpoint="http://127.0.0.1:9")
    with pytest.raises(Unavailable, match="Cloud Build"):
        world.engine.submit(_new(world))
