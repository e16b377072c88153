"""Work on a thread beside: all of it, in order, and its errors come out."""

from __future__ import annotations

import pytest

from modelserver.aside import Aside


def test_every_chunk_in_order() -> None:
    seen: list[bytes] = []
    with Aside(seen.append) as aside:
        for number in range(100):
            aside(b"%d" % number)
    assert seen == [b"%d" % number for number in range(100)]


def test_what_the_work_raises_comes_out_and_the_work_ends() -> None:
    seen: list[bytes] = []

    def work(chunk: bytes) -> None:
        seen.append(chunk)
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"), Aside(work) as aside:
        for _ in range(1000):
            aside(b"x")
    assert seen == [b"x"]


def test_an_error_at_the_last_chunk_is_not_lost() -> None:
    def work(chunk: bytes) -> None:
        raise OSError("no space")

    with pytest.raises(OSError, match="no space"), Aside(work) as aside:
        aside(b"x")


def test_an_error_of_the_block_is_its_own() -> None:
    with pytest.raises(ConnectionResetError), Aside(lambda chunk: None) as aside:
        aside(b"x")
        raise ConnectionResetError
