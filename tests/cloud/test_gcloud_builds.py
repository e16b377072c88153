"""`gcloud builds submit`, the real CLI, with the line that buildspecs/model.yaml gives."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from modelserver.gcp.objects import Objects
from modelserver.gcp.recipes import Recipes
from modelserver.package import Package
from tests.cloud.engines import ROOT, CloudWorld, cloud_world
from tests.cloud.gcloud import Gcloud, submission
from tests.cloud.storage_standin import Storage
from tests.packages import FAILING, HELLO, model

pytestmark = pytest.mark.docker


@pytest.fixture
def world(bucket: str, shared_storage: Storage) -> Iterator[CloudWorld]:
    with cloud_world(bucket, shared_storage.url) as world:
        yield world


def _known(world: CloudWorld, code: str) -> Package:
    """A package that the server has, with its recipe, and no build."""
    package = world.package(model(code))
    Recipes(world.settings, Objects(world.settings.bucket), world.storage, ROOT / "runtime" / "jid").write(package)
    return package


def _gcloud(world: CloudWorld, home: Path) -> Gcloud:
    return Gcloud(home, world.settings.project, world.standin.url)


def _submit(world: CloudWorld, package: Package, home: Path, **more: str) -> subprocess.CompletedProcess[str]:
    words = submission(world.settings, package.id, package.build, package.build[:12], **more)
    return _gcloud(world, home)(*words, "--format", "json")


def _ended(world: CloudWorld, submitted: subprocess.CompletedProcess[str], home: Path) -> Any:
    """The build as the CLI describes it when it has ended."""
    assert submitted.returncode == 0, submitted.stderr
    build_id = json.loads(submitted.stdout)["id"]
    world.standin.builds.join(build_id)
    described = _gcloud(world, home)("builds", "describe", build_id, "--format", "json")
    assert described.returncode == 0, described.stderr
    return json.loads(described.stdout)


def test_a_package_is_built_by_hand(world: CloudWorld, tmp_path: Path) -> None:
    package = _known(world, HELLO)
    build = _ended(world, _submit(world, package, tmp_path), tmp_path)
    assert build["status"] == "SUCCESS"
    made = {image["name"]: image["digest"][:7] for image in build["results"]["images"]}
    image = f"{world.settings.registry}/by-hand"
    assert made == {f"{image}:{package.build[:12]}": "sha256:", f"{image}:cache": "sha256:"}
    assert world.engine.log(package, 0) == b""  # it is no build of the server's


def test_one_that_fails_its_test_is_a_build_that_failed(world: CloudWorld, tmp_path: Path) -> None:
    build = _ended(world, _submit(world, _known(world, FAILING), tmp_path), tmp_path)
    assert build["status"] == "FAILURE"
    assert [step["status"] for step in build["steps"]] == ["SUCCESS", "SUCCESS", "SUCCESS", "FAILURE"]


def test_a_value_that_is_missing_is_named_before_anything_runs(world: CloudWorld, tmp_path: Path) -> None:
    ended = _submit(world, _known(world, HELLO), tmp_path, _TAG="")
    assert ended.returncode == 1
    assert "_TAG" in ended.stderr
    assert world.standin.builds.list("") == []
