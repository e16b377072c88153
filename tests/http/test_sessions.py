"""The door for large zips: begin, PUT, upload; also after a cut."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import pytest
from werkzeug.test import Client

from tests.http.conftest import Serve
from tests.http.packages import UPLOAD, problem
from tests.packages import FAILING, model, zipped

SESSIONS = "/v1/packages/uploads"


def _begin(server: Client, size: int) -> tuple[str, str]:
    """The upload's name, and the path to PUT to."""
    answer = server.post(SESSIONS, json={"Size": size})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    assert answer.headers["Location"] == answer.get_json()["Location"]
    return answer.get_json()["Upload"], urlsplit(answer.headers["Location"]).path


def test_three_steps(server: Client) -> None:
    data = zipped(model())
    name, location = _begin(server, len(data))
    assert server.put(location, data=data).status_code == 201
    answer = server.post(UPLOAD, json={"Upload": name})
    assert answer.status_code == 201, answer.get_data(as_text=True)
    package = answer.get_json()
    assert package["Size"] == len(data)
    assert server.get(f"/v1/packages/{package['ID']}.zip").get_data() == data


def test_a_cut_is_resumed_where_it_happened(server: Client) -> None:
    data = zipped(model())
    name, location = _begin(server, len(data))
    ask = {"Content-Range": f"bytes */{len(data)}"}
    nothing = server.put(location, headers=ask)
    assert (nothing.status_code, nothing.headers.get("Range")) == (308, None)
    part = {"Content-Range": f"bytes 0-99/{len(data)}"}
    assert server.put(location, data=data[:100], headers=part).status_code == 308
    assert server.put(location, headers=ask).headers["Range"] == "bytes=0-99"
    problem(server.post(UPLOAD, json={"Upload": name}), 409, "CONFLICT")
    rest = {"Content-Range": f"bytes 100-{len(data) - 1}/{len(data)}"}
    assert server.put(location, data=data[100:], headers=rest).status_code == 201
    assert server.post(UPLOAD, json={"Upload": name}).status_code == 201


def test_asking_twice_for_the_last_step_is_asking_once(server: Client) -> None:
    data = zipped(model())
    name, location = _begin(server, len(data))
    server.put(location, data=data)
    first = server.post(UPLOAD, json={"Upload": name}).get_json()
    again = server.post(UPLOAD, json={"Upload": name})
    assert again.get_json() == first
    assert server.get(f"/v1/packages/{first['ID']}.zip").get_data() == data


def test_a_model_that_failed_may_be_tried_again_by_its_upload(server: Client) -> None:
    data = zipped(model(FAILING))
    name, location = _begin(server, len(data))
    server.put(location, data=data)
    problem(server.post(UPLOAD, json={"Upload": name}), 422, "TEST_FAILED")
    problem(server.post(UPLOAD, json={"Upload": name}), 422, "TEST_FAILED")


@pytest.mark.parametrize("size", [0, -1, "7", None, True, 1.5])
def test_a_size_that_is_none(server: Client, size: object) -> None:
    problem(server.post(SESSIONS, json={"Size": size}), 400, "BAD_REQUEST")


def test_too_large_for_this_door_too(serve: Serve) -> None:
    server = serve(MAX_UPLOAD="1000")
    assert "1,000" in problem(server.post(SESSIONS, json={"Size": 1001}), 413, "TOO_LARGE")["detail"]


def test_more_bytes_than_were_said_are_refused(server: Client) -> None:
    _, location = _begin(server, 10)
    problem(server.put(location, data=b"x" * 11), 400, "BAD_REQUEST")


def test_a_gap_is_refused(server: Client) -> None:
    _, location = _begin(server, 10)
    problem(server.put(location, data=b"x" * 5, headers={"Content-Range": "bytes 5-9/10"}), 400, "BAD_REQUEST")


@pytest.mark.parametrize("text", ["bytes", "bytes x-y/z", "bytes 0-1", "bytes ٣-٤/٥"])
def test_a_range_that_is_none(server: Client, text: str) -> None:
    _, location = _begin(server, 10)
    problem(
        server.put(location, data=b"x", headers={"Content-Range": text.encode().decode("latin-1")}), 400, "BAD_REQUEST"
    )


def test_a_strangers_session_is_no_session(server: Client) -> None:
    problem(server.put(f"{SESSIONS}/{'0' * 32}", data=b"x"), 404, "PACKAGE_NOT_FOUND")


def test_what_came_through_the_door_is_checked_like_the_rest(server: Client, tmp_path: Path) -> None:
    name, location = _begin(server, 9)
    server.put(location, data=b"not a zip")
    problem(server.post(UPLOAD, json={"Upload": name}), 422, "INVALID_PACKAGE")
    problem(server.post(UPLOAD, json={"Upload": name}), 400, "BAD_REQUEST")
    left = [path.name for path in (tmp_path / "data").rglob("*") if path.is_file() and "sqlite" not in path.name]
    assert left == ["lock"]


def test_a_session_is_gone_once_its_zip_was_taken_in(server: Client) -> None:
    data = zipped(model())
    name, location = _begin(server, len(data))
    server.put(location, data=data)
    package = server.post(UPLOAD, json={"Upload": name}).get_json()
    problem(server.put(location, data=data), 404, "PACKAGE_NOT_FOUND")
    assert server.get(f"/v1/packages/{package['ID']}.zip").get_data() == data
    assert server.post(UPLOAD, json={"Upload": name}).status_code == 200
