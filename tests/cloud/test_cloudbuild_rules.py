"""The stand-in for Cloud Build refuses what Cloud Build refuses: what it takes is worth something."""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from modelserver.jsontypes import JSON, Object
from tests.cloud.cloudbuild_standin.server import CloudBuild

_STEP: Object = {"name": "docker", "id": "one"}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with CloudBuild("http://127.0.0.1:9") as standin:
        yield f"{standin.url}/v1/projects/p/locations/us-central1/builds"


def _refused(url: str, build: Object) -> str:
    with pytest.raises(HTTPError) as raised:
        urlopen(Request(url, json.dumps(build).encode())).close()
    with raised.value as answer:
        assert answer.code == 400
        said = json.loads(answer.read())["error"]
    assert said["status"] == "INVALID_ARGUMENT"
    return str(said["message"])


@pytest.mark.parametrize(
    ("build", "words"),
    [
        ({"steps": [_STEP], "stepz": []}, "stepz"),
        ({"steps": [{**_STEP, "scripts": "x"}]}, "scripts"),
        ({"steps": [{**_STEP, "args": [7]}]}, "args"),
        ({"steps": [_STEP], "timeout": "30m"}, "timeout"),
        ({"steps": [_STEP], "options": {"machineType": "E9"}}, "E9"),
        ({"steps": []}, "1 to 100 steps"),
        ({"steps": [{"id": "one"}]}, "no name"),
        ({"steps": [_STEP, _STEP]}, "used twice"),
        ({"steps": [{**_STEP, "waitFor": ["two"]}]}, "no step before it"),
        ({"steps": [{**_STEP, "script": "x", "args": ["y"]}]}, "excludes args"),
        ({"steps": [{**_STEP, "env": ["NAME"]}]}, "KEY=VALUE"),
        ({"steps": [{**_STEP, "args": ["x" * 4001]}]}, "4000"),
        ({"steps": [{**_STEP, "volumes": [{"name": "v", "path": "/workspace"}]}]}, "/workspace"),
        ({"steps": [{**_STEP, "args": ["${_A}"]}]}, '"_A" is not matched in the substitution data'),
        ({"steps": [_STEP], "substitutions": {"_A": "1"}}, '"_A" in the substitution data is not matched'),
        ({"steps": [_STEP], "substitutions": {"A": "1"}}, "no key of a substitution"),
        ({"steps": [{**_STEP, "args": ["${_A:-b}"]}], "substitutions": {"_A": ""}}, "write $$ for $"),
        ({"steps": [{**_STEP, "args": ["$(id)"]}]}, "write $$ for $"),
        ({"steps": [_STEP], "tags": ["a b"]}, "tags"),
        ({"steps": [_STEP], "serviceAccount": "me@x"}, "projects/PROJECT"),
        ({"steps": [_STEP], "serviceAccount": "projects/p/serviceAccounts/me@x"}, "logs_bucket"),
        ({"steps": [_STEP], "logsBucket": "logs"}, "gs://BUCKET"),
        ({"steps": [_STEP], "timeout": "90000s"}, "24 hours"),
    ],
)
def test_a_build_is_refused_with_its_reason(url: str, build: Object, words: str) -> None:
    assert words in _refused(url, build)


def test_all_reasons_are_told_at_once(url: str) -> None:
    said = _refused(url, {"steps": [{"id": "a"}, {"id": "a", "name": "x"}], "tags": ["?"]})
    assert "no name" in said
    assert "twice" in said
    assert "tags" in said


def _status(url: str, body: JSON = None) -> int:
    try:
        with urlopen(Request(url, json.dumps(body).encode() if body is not None else None)) as answer:
            return int(answer.status)
    except HTTPError as error:
        with error:
            return error.code


def test_what_is_not_there_is_not_found(url: str) -> None:
    assert _status(f"{url}/0c1f6f2e-0000-4000-8000-000000000001") == 404
    assert _status(f"{url}/0c1f6f2e-0000-4000-8000-000000000001:cancel", {}) == 404
    assert _status(f"{url}?filter=tags%3D%22none%22") == 200
    assert _status(f"{url}?filter=anything") == 400
    assert _status(url.replace("/builds", "/triggers")) == 404
