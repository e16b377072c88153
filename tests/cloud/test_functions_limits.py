"""What is too large for a function, against real instances: refused at once, without filling their memory."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cloud.functions import Answer, Project, curl, project
from tests.cloud.storage_standin import Storage

_MIB = 1024**2
_MORE = 100 * _MIB  # the libraries of a first request among it; beside a refused body of twice that
_LIMIT = str(32 * _MIB)
_ZIP = ("-H", "Content-Type: application/zip")
_CHUNKED = ("-H", "Transfer-Encoding: chunked")


@pytest.fixture
def cloud(tmp_path: Path, firestore_host: str, shared_storage: Storage, bucket: str) -> Iterator[Project]:
    with project(tmp_path, firestore_host, shared_storage.url, bucket, MAX_DIRECT=_LIMIT) as cloud:
        yield cloud


@pytest.fixture
def body(tmp_path: Path) -> Path:
    """200 MiB that take no room on the disk."""
    file = tmp_path / "large.zip"
    with file.open("wb") as sparse:
        sparse.truncate(200 * _MIB)
    return file


def _is_refused(answer: Answer) -> None:
    problem = answer.json()
    assert (answer.status, problem["code"]) == (413, "TOO_LARGE")


@pytest.mark.parametrize("target", ["upload", "check"])
def test_a_body_that_says_it_is_too_large_is_not_read(cloud: Project, body: Path, target: str) -> None:
    url = f"{cloud.url(target)}/v1/packages/{target}"
    _is_refused(curl("-X", "POST", url, *_ZIP, "-T", body))
    before = cloud.functions[target].peak()
    for _ in range(3):
        answer = curl("-X", "POST", url, *_ZIP, "-T", body)
        _is_refused(answer)
        assert "POST /v1/packages/uploads" in answer.json()["detail"]
    assert cloud.functions[target].peak() < before + _MORE


def test_a_form_that_says_it_is_too_large_is_not_read(cloud: Project, body: Path) -> None:
    _is_refused(cloud.upload(body))


@pytest.mark.parametrize("target", ["upload", "check"])
def test_a_body_that_does_not_say_so_is_not_kept(cloud: Project, body: Path, target: str) -> None:
    """What was read on the way, up to the limit, went to Storage; it is gone from there."""
    url = f"{cloud.url(target)}/v1/packages/{target}"
    _is_refused(curl("-X", "POST", url, *_ZIP, *_CHUNKED, "-T", body))
    before = cloud.functions[target].peak()
    for _ in range(3):
        _is_refused(curl("-X", "POST", url, *_ZIP, *_CHUNKED, "-T", body))
    assert cloud.functions[target].peak() < before + _MORE
    assert list(cloud.objects.listed("")) == []


def test_a_body_that_nobody_asked_for_is_not_kept(cloud: Project, body: Path) -> None:
    url = f"{cloud.url('get')}/{'0' * 40}"
    before = cloud.functions["get"].peak()
    assert curl("-X", "POST", url, "-T", body).status == 405
    assert curl("-X", "POST", url, *_CHUNKED, "-T", body).status == 405
    assert cloud.functions["get"].peak() < before + _MORE


def test_a_larger_zip_than_any_is_refused_at_the_other_door(cloud: Project) -> None:
    size = '{"Size": 1000000000000}'
    _is_refused(curl(f"{cloud.url('upload')}/uploads", "-H", "Content-Type: application/json", "-d", size))
