"""How each end of a build reads to the one who uploaded the package."""

from __future__ import annotations

import json

import pytest

from modelserver.gcp.outcomes import outcome_of
from modelserver.package import Artifact, Outcome
from tests.cloud.builds import DIGEST, IMAGE, build_of, failed_at, succeeded
from tests.packages import record

_PACKAGE = record(3)
_TAG = _PACKAGE.id[:12]
_VERDICT = {"Detail": "docker-cpu: example 1 of 2 failed", "Schema": {"Input": {}}, "Test": {"Passed": False}}
_JUDGED = f'Step #3 - "judge": modelserver-problem: {json.dumps(_VERDICT)}\n'


def _outcome(build: object, log: str = "") -> Outcome:
    return outcome_of(build, _PACKAGE.id, log.encode())  # type: ignore[arg-type]


def test_success_brings_images_by_digest_and_the_evidence() -> None:
    outcome = _outcome(succeeded(_PACKAGE))
    assert outcome.artifacts == (Artifact("docker-cpu", f"{IMAGE}:{_TAG}", DIGEST),)
    assert outcome.schema == {"Input": {}}
    assert outcome.test == {"Passed": True}
    assert outcome.error == {}


def test_success_without_digests_or_evidence_is_none() -> None:
    outcome = _outcome(build_of(_PACKAGE, "SUCCESS"))
    assert outcome.error["code"] == "UNAVAILABLE"
    assert outcome.artifacts == ()


def test_a_test_that_was_not_passed_is_told_in_the_judges_words() -> None:
    outcome = _outcome(failed_at(_PACKAGE, "judge"), _JUDGED)
    assert outcome.error["code"] == "TEST_FAILED"
    assert outcome.error["detail"] == "docker-cpu: example 1 of 2 failed"
    assert outcome.error["ID"] == _PACKAGE.id
    assert (outcome.schema, outcome.test) == ({"Input": {}}, {"Passed": False})


@pytest.mark.parametrize(
    "log",
    [
        "",
        'Step #3 - "judge": modelserver-problem: not json\n',
        'Step #3 - "judge": modelserver-problem: []\n',
        _JUDGED.replace('"judge"', '"test"'),
        'Step #2 - "test": ' + _JUDGED,
    ],
)
def test_without_the_judges_words_it_is_still_a_test_that_failed(log: str) -> None:
    outcome = _outcome(failed_at(_PACKAGE, "judge"), log)
    assert outcome.error["code"] == "TEST_FAILED"
    assert "the log says more" in str(outcome.error["detail"])
    assert outcome.test == {}


def test_the_judge_is_not_asked_about_a_build_that_failed_before() -> None:
    outcome = _outcome(failed_at(_PACKAGE, "build"), _JUDGED)
    assert outcome.error["code"] == "BUILD_FAILED"
    assert outcome.test == {}


def test_a_build_that_failed_shows_the_last_of_that_step() -> None:
    log = "".join(f'Step #1 - "build": line {number}\n' for number in range(100)) + 'Step #2 - "test": no\n'
    detail = str(_outcome(failed_at(_PACKAGE, "build"), log).error["detail"])
    assert "line 99" in detail
    assert "line 3\n" not in detail
    assert "no" not in detail.splitlines()[-1]


@pytest.mark.parametrize(
    ("failure", "code", "words"),
    [
        ("PUSH_FAILED", "BUILD_FAILED", "could not be pushed"),
        ("PUSH_IMAGE_NOT_FOUND", "BUILD_FAILED", "could not be pushed"),
        ("PUSH_NOT_AUTHORIZED", "UNAVAILABLE", "artifactregistry.writer"),
        ("LOGGING_FAILURE", "UNAVAILABLE", "logs"),
        ("FETCH_SOURCE_FAILED", "UNAVAILABLE", "broke"),
    ],
)
def test_failures_apart_from_steps(failure: str, code: str, words: str) -> None:
    error = _outcome(build_of(_PACKAGE, "FAILURE", failureInfo={"type": failure, "detail": "so it is"})).error
    assert error["code"] == code
    assert words in str(error["detail"])


def test_a_package_that_could_not_be_fetched_is_the_servers_trouble() -> None:
    log = 'Step #0 - "fetch": ERROR: no such object\n'
    error = _outcome(failed_at(_PACKAGE, "fetch"), log).error
    assert error["code"] == "UNAVAILABLE"
    assert "no such object" in str(error["detail"])


def test_a_timeout_says_how_long_it_had() -> None:
    assert "1800 s" in str(_outcome(build_of(_PACKAGE, "TIMEOUT")).error["detail"])


def test_an_error_carries_the_end_of_the_log() -> None:
    error = _outcome(failed_at(_PACKAGE, "build"), "x" * 10_000 + "the end").error
    assert str(error["log"]).endswith("the end")
    assert len(str(error["log"])) == 4096


def test_an_image_for_a_gpu_is_marked_untested() -> None:
    gpu = build_of(
        _PACKAGE,
        "SUCCESS",
        substitutions={"_IMAGE": IMAGE, "_TAG": f"{_TAG}-gpu"},
        results={
            "images": [{"name": f"{IMAGE}:{_TAG}-gpu", "digest": DIGEST}],
            "buildStepOutputs": ["", "", "", "eyJTY2hlbWEiOiB7fSwgIlRlc3QiOiB7fSwgIlRlc3RlZCI6IFtdfQ=="],
        },
    )
    assert _outcome(gpu).artifacts == (Artifact("docker-gpu", f"{IMAGE}:{_TAG}-gpu", DIGEST, tested=False),)
