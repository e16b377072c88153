"""What a PUT to an upload session says it brings, against what it brings."""

from __future__ import annotations

from urllib.parse import urlsplit

import pytest
from werkzeug.test import Client

from tests.http.packages import problem

_SIZE = 10


@pytest.fixture
def location(server: Client) -> str:
    """A session for ten bytes, of which five are there."""
    path = urlsplit(server.post("/v1/packages/uploads", json={"Size": _SIZE}).headers["Location"]).path
    _put(server, path, "bytes 0-4/10", b"01234")
    return path


@pytest.mark.parametrize(
    ("said", "body"),
    [
        pytest.param("bytes */10", b"xxx", id="bytes in a question"),
        pytest.param("bytes */11", b"", id="a question about another size"),
        pytest.param("bytes 5-9/11", b"xxxxx", id="another size"),
        pytest.param("bytes 5-10/10", b"xxxxxx", id="beyond the end"),
        pytest.param("bytes 5-4/10", b"", id="nothing"),
        pytest.param("bytes 9-5/10", b"xxxxx", id="backwards"),
        pytest.param("bytes 5-9/10", b"xxx", id="fewer bytes than said"),
        pytest.param("bytes 5-6/10", b"xxx", id="more bytes than said"),
    ],
)
def test_what_contradicts_itself_changes_nothing(server: Client, location: str, said: str, body: bytes) -> None:
    problem(server.put(location, data=body, headers={"Content-Range": said}), 400, "BAD_REQUEST")
    assert _put(server, location, "bytes */10", b"") == (308, "bytes=0-4")


def test_the_rest_makes_it_whole(server: Client, location: str) -> None:
    assert _put(server, location, "bytes 5-9/10", b"56789") == (201, None)
    assert _put(server, location, "bytes */10", b"") == (201, None)


def _put(server: Client, location: str, said: str, body: bytes) -> tuple[int, str | None]:
    answer = server.put(location, data=body, headers={"Content-Range": said})
    return answer.status_code, answer.headers.get("Range")
