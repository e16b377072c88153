"""A part of the corpus, sent to both doors of both servers; the whole of it is `make trust`."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.corpus import bad, packages
from tests.corpus_configs import made
from trust.google import site_of
from trust.row import Row
from trust.site import Site, local_site
from trust.uploads import Tally, tried

CORPUS = list(packages())


def untimed(rows: Iterator[Row]) -> list[Row]:
    """Without those that a busy machine changes."""
    return [row for row in rows if not row.figure.endswith("ms")]


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with local_site(tmp_path_factory.mktemp("uploads")) as site:
        yield site


def test_the_corpus_is_large_and_each_package_of_it_has_a_name_of_its_own() -> None:
    assert len(CORPUS) >= 150
    assert len({case.name for case in CORPUS}) == len(CORPUS)
    assert min(sum(not case.expected for case in CORPUS), sum(bool(case.expected) for case in CORPUS)) >= 50


def test_the_local_server_holds(local: Site) -> None:
    rows = untimed(tried(local, CORPUS[::8]))
    assert len(rows) >= 7
    assert [row for row in rows if not row.ok] == []


def test_the_program_over_the_google_ports_holds(bucket: str, firestore_project: str) -> None:
    rows = untimed(tried(site_of(bucket, firestore_project), CORPUS[3::15]))
    assert len(rows) >= 7
    assert [row for row in rows if not row.ok] == []


def test_an_answer_that_should_be_another_is_found_out(local: Site) -> None:
    tally = Tally(local)
    tally.check(bad("good", "BOMB", lambda: made("name: a/b\nmodel: infer.py:Model\n")))
    assert tally.wrong == ["check good: 200"]
