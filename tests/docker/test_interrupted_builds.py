"""Builds that are cancelled, run out of time, or lose their server: nothing of them stays."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import pytest

from modelserver.package import Package
from tests.docker import recipes
from tests.docker.conftest import Workshop

pytestmark = pytest.mark.docker

MODEL = {"infer.py": "class Model:\n    def run(self, word: str = '') -> str:\n        return word\n"}

while_it = pytest.mark.parametrize("recipe", [recipes.SLOW_BUILD, recipes.SLOW_TEST], ids=["builds", "tests"])


def until(workshop: Workshop, package: Package, text: str) -> None:
    """Waits for a text in the build's log, a minute at most."""
    for _ in range(600):
        if text in workshop.log(package):
            return
        assert workshop.local.wait(package, 0.1) is None, workshop.log(package)
    pytest.fail(f"there is no {text!r} in: {workshop.log(package)}")


@contextmanager
def silent_registry() -> Iterator[str]:
    """A registry that takes connections and says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield f"127.0.0.1:{server.getsockname()[1]}/models"


def cancelled(workshop: Workshop, package: Package) -> bool:
    workshop.local.cancel(package)
    outcome = workshop.local.wait(package, 0)
    return outcome is not None and outcome.error["code"] == "BUILD_CANCELLED"


@while_it
def test_a_build_that_is_cancelled_leaves_nothing(workshop: Workshop, recipe: str) -> None:
    workshop.recipe = recipe
    package = workshop.package(MODEL)
    workshop.local.submit(package)
    until(workshop, package, "\nasleep\n")
    assert cancelled(workshop, package)
    assert workshop.left(package) == []


def test_a_push_that_is_cancelled_leaves_nothing(workshop: Workshop) -> None:
    with silent_registry() as registry:
        workshop.settings = replace(workshop.settings, registry=registry)
        package = workshop.package(MODEL)
        workshop.local.submit(package)
        until(workshop, package, "==> push")
        assert cancelled(workshop, package)
    assert workshop.left(package) == []


@while_it
def test_a_build_that_takes_too_long_leaves_nothing(workshop: Workshop, recipe: str) -> None:
    workshop.recipe = recipe
    workshop.seconds = 4
    package = workshop.package(MODEL)
    outcome = workshop.build(package)
    assert outcome.error["code"] == "BUILD_TIMED_OUT"
    assert "4 s" in str(outcome.error["detail"])
    assert workshop.left(package) == []


@while_it
def test_a_build_whose_server_is_killed_is_done_again(workshop: Workshop, recipe: str) -> None:
    package = workshop.package(MODEL)
    with workshop.doomed(package, recipe) as doomed:
        doomed.await_text("\nasleep\n")
    outcome = workshop.build(package)
    assert outcome.error == {}, workshop.log(package)
    workshop.local.remove(package)
    assert workshop.left(package, doomed.log.read_text()) == []


def test_what_a_killed_server_left_goes_with_its_package(workshop: Workshop) -> None:
    package = workshop.package(MODEL)
    with workshop.doomed(package, recipes.SLOW_TEST) as doomed:
        doomed.await_text("\nasleep\n")
    log = doomed.log.read_text()
    assert workshop.left(package, log) != []
    workshop.builder.clean(package)
    assert workshop.left(package, log) == []


def test_the_stages_of_an_image_stay_and_go_with_it(workshop: Workshop) -> None:
    workshop.recipe = recipes.STAGES
    package = workshop.package(MODEL)
    assert workshop.build(package).error == {}, workshop.log(package)
    assert [name for name in workshop.left(package) if name.startswith("modelserver-stage:")]
    workshop.local.remove(package)
    assert workshop.left(package) == []
