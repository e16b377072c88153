"""Builds that are cancelled, run out of time, or lose their server: nothing of them stays."""

from __future__ import annotations

import pytest

pytestmark = pytest.mark.docker

BASE = "FROM localhost/python:3.11-slim\nCOPY model/ /model/\n"
SLOW_BUILD = BASE + "RUN echo asleep; sleep 600\n"
SLOW_TEST = BASE + 'ENTRYPOINT ["sh", "-c", "echo asleep >&2; sleep 600"]\n'
TWO_STAGES = BASE.replace("slim", "slim AS other") + "RUN echo x > /x\n" + BASE + "COPY --from=other /x /x\n"
MODEL = {"infer.py": "class Model:\n    def run(self, word: str = '') -> str:\n        return word\n"}
SOON = 60.0


def until(workshop: Workshop, package: Package, text: str) -> None:
    """Waits for a text in the build's log."""
    for _ in range(int(SOON * 10)):
        if text in workshop.log(package):
            return
        assert workshop.local.wait(package, 0.1) is None, workshop.log(package)
    pytest.fail(f"there is no {text!r} in: {workshop.log(package)}")


@pytest.mark.parametrize("recipe", [SLOW_BUILD, SLOW_TEST], ids=["build", "test"])
def test_a_build_that_is_cancelled_leaves_nothing(workshop: Workshop, recipe: str) -> None:
    workshop.recipe = recipe
    package = workshop.package(MODEL)
    workshop.local.submit(package)
    until(workshop, package, "\nasleep\n")
    workshop.local.cancel(package)
    outcome = workshop.local.wait(package, 0)
    assert outcome
    assert outcome.error["code"] == "BUILD_CANCELLED"
    assert workshop.left(package) == []


@pytest.mark.parametrize("recipe", [SLOW_BUILD, SLOW_TEST], ids=["build", "test"])
def test_a_build_that_takes_too_long_leaves_nothing(workshop: Workshop, recipe: str) -> None:
    workshop.recipe = recipe
    workshop.seconds = 4
    package = workshop.package(MODEL)
    outcome = workshop.build(package)
    assert outcome.error["code"] == "BUILD_TIMED_OUT"
    assert "4 s" in str(outcome.error["detail"])
    assert workshop.left(package) == []


def test_a_push_that_is_cancelled_leaves_nothing(workshop: Workshop) -> None:
    with silent_registry() as registry:
        workshop.settings = replace(workshop.settings, registry=registry)
        package = workshop.package(MODEL)
        workshop.local.submit(package)
        until(workshop, package, "==> push")
        workshop.local.cancel(package)
    outcome = workshop.local.wait(package, 0)
    assert outcome
    assert outcome.error["code"] == "BUILD_CANCELLED"
    assert workshop.left(package) == []


@pytest.mark.parametrize("recipe", [SLOW_BUILD, SLOW_TEST], ids=["build", "test"])
def test_what_a_killed_server_left_is_cleaned_and_the_build_done_again(
    workshop: Workshop, engine: APIClient, recipe: str
) -> None:
    package = workshop.package(MODEL)
    doomed = workshop.doomed(package, recipe)
    wait_for(doomed, "asleep")
    doomed.send_signal(signal.SIGKILL)
    doomed.communicate()
    outcome = workshop.build(package)
    assert outcome.error == {}, workshop.log(package)
    workshop.local.remove(package)
    assert workshop.left(package) == []


def test_stages_stay_with_their_image_and_go_with_it(workshop: Workshop) -> None:
    workshop.recipe = TWO_STAGES + ENTRYPOINT
    first = workshop.package(MODEL)
    assert workshop.build(first).error == {}, workshop.log(first)
    workshop.local.remove(first)
    assert workshop.left(first) == []
