"""Get, download, log, list, delete, check, health."""

from __future__ import annotations

import base64
import hashlib
import json
from pathlib import Path

import pytest
from werkzeug.test import Client

from tests.http.conftest import Serve
from tests.http.packages import problem, upload, upload_raw
from tests.packages import FAILING, SLEEPING, model, zipped

CHECK = "/v1/packages/check"
UNKNOWN = "/v1/packages/" + "0" * 40


def _published(server: Client, salt: str = "", name: str = "tests/hello") -> str:
    answer = upload(server, zipped(model(name=name, salt=salt)))
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return str(answer.get_json()["ID"])


def test_get_shows_the_package_and_304_to_who_has_it(server: Client) -> None:
    address = f"/v1/packages/{_published(server)}"
    first = server.get(address)
    assert first.get_json()["Status"] == "ready"
    again = server.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.get_data()) == (304, b"")


def test_the_zip_comes_back_byte_for_byte(server: Client) -> None:
    data = zipped(model())
    package = upload(server, data).get_json()
    answer = server.get(f"/v1/packages/{package['ID']}.zip")
    assert answer.get_data() == data
    assert answer.mimetype == "application/zip"
    assert answer.content_length == len(data)
    assert answer.headers["ETag"] == f'"{package["SHA256"]}"'
    digest = base64.b64encode(hashlib.sha256(data).digest()).decode()
    assert answer.headers["Repr-Digest"] == f"sha-256=:{digest}:"


@pytest.mark.parametrize(
    ("asked", "start", "stop"), [("bytes=0-9", 0, 10), ("bytes=5-", 5, None), ("bytes=-7", -7, None)]
)
def test_a_range_of_the_zip(server: Client, asked: str, start: int, stop: int | None) -> None:
    data = zipped(model())
    package = upload(server, data).get_json()
    answer = server.get(f"/v1/packages/{package['ID']}.zip", headers={"Range": asked})
    assert answer.status_code == 206
    assert answer.get_data() == data[start:stop]
    first = start % len(data)
    assert answer.headers["Content-Range"] == f"bytes {first}-{first + len(data[start:stop]) - 1}/{len(data)}"


def test_a_range_after_the_end_is_416_and_says_the_size(server: Client) -> None:
    data = zipped(model())
    package = upload(server, data).get_json()
    answer = server.get(f"/v1/packages/{package['ID']}.zip", headers={"Range": f"bytes={len(data)}-"})
    problem(answer, 416, "RANGE_NOT_SATISFIABLE")
    assert answer.headers["Content-Range"] == f"bytes */{len(data)}"


def test_a_range_of_another_version_is_the_whole_zip(server: Client) -> None:
    data = zipped(model())
    package = upload(server, data).get_json()
    headers = {"Range": "bytes=0-9", "If-Range": '"something-else"'}
    answer = server.get(f"/v1/packages/{package['ID']}.zip", headers=headers)
    assert (answer.status_code, answer.get_data()) == (200, data)


def test_the_log_tells_the_stages(server: Client) -> None:
    answer = server.get(f"/v1/packages/{_published(server)}/log")
    assert answer.mimetype == "text/plain"
    text = answer.get_data(as_text=True)
    assert text.index("==> unpack") < text.index("==> environment process-cpu") < text.index("==> test process-cpu")


def test_following_a_log_lasts_until_the_build_ends(server: Client) -> None:
    package = upload(server, zipped(model()), Prefer="respond-async").get_json()
    followed = server.get(f"/v1/packages/{package['ID']}/log?follow=1").get_data(as_text=True)
    assert "==> test process-cpu: done" in followed
    assert followed == server.get(f"/v1/packages/{package['ID']}/log").get_data(as_text=True)


def test_the_list_holds_what_is_ready_newest_first(server: Client) -> None:
    assert server.get("/v1/packages/").get_json() == []
    first, second = _published(server, "1"), _published(server, "2", "tests/other")
    upload(server, zipped(model(FAILING)))
    assert [package["ID"] for package in server.get("/v1/packages/").get_json()] == [second, first]
    assert [package["ID"] for package in server.get("/v1/packages").get_json()] == [second, first]
    named = server.get("/v1/packages/?name=tests/other").get_json()
    assert [package["ID"] for package in named] == [second]
    assert len(server.get("/v1/packages/?status=failed").get_json()) == 1
    assert len(server.get("/v1/packages/?status=any").get_json()) == 3


def test_the_list_shows_each_package_as_get_does(server: Client) -> None:
    published = [_published(server, str(number)) for number in range(2)]
    each = [server.get(f"/v1/packages/{package_id}").get_json() for package_id in published[::-1]]
    listed = server.get("/v1/packages/?status=any").get_data(as_text=True)
    assert listed == json.dumps(each, indent=2, ensure_ascii=False) + "\n"


def test_the_pages_of_the_list_are_linked(server: Client) -> None:
    published = [_published(server, str(number)) for number in range(3)]
    seen, address = [], "/v1/packages/?limit=2"
    while address:
        answer = server.get(address)
        seen += [package["ID"] for package in answer.get_json()]
        link = answer.headers.get("Link", "")
        assert not link or link.endswith('; rel="next"')
        address = link.partition("<")[2].partition(">")[0]
    assert seen == published[::-1]


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "limit=x", "limit=%D9%A3", "status=done", "page_token=x"])
def test_a_query_that_makes_no_sense_is_refused(server: Client, query: str) -> None:
    document = problem(server.get(f"/v1/packages/?{query}"), 400, "BAD_REQUEST")
    assert query.partition("=")[0] in document["detail"]


def test_deleted_is_gone_with_all_that_belongs_to_it(server: Client, tmp_path: Path) -> None:
    package_id = _published(server)
    assert server.delete(f"/v1/packages/{package_id}").status_code == 204
    for address in ("", ".zip", "/log"):
        problem(server.get(f"/v1/packages/{package_id}{address}"), 404, "PACKAGE_NOT_FOUND")
    assert server.get("/v1/packages/").get_json() == []
    left = [path for path in (tmp_path / "data").rglob("*") if path.is_file() and "sqlite" not in path.name]
    assert [path.name for path in left] == ["lock"]
    problem(server.delete(f"/v1/packages/{package_id}"), 404, "PACKAGE_NOT_FOUND")
    assert _published(server) == package_id


def test_deleting_a_package_ends_its_build(server: Client) -> None:
    package = upload(server, zipped(model(SLEEPING)), Prefer="respond-async").get_json()
    assert server.delete(f"/v1/packages/{package['ID']}").status_code == 204
    problem(server.get(f"/v1/packages/{package['ID']}"), 404, "PACKAGE_NOT_FOUND")


@pytest.mark.parametrize("address", [UNKNOWN, UNKNOWN + ".zip", UNKNOWN + "/log", "/v1/packages/not-an-id"])
def test_what_is_unknown_is_404(server: Client, address: str) -> None:
    problem(server.get(address), 404, "PACKAGE_NOT_FOUND")


@pytest.mark.parametrize("address", ["/v1", "/v2/packages/", "/v1/packages/../../etc/passwd"])
def test_what_is_no_address_is_404(server: Client, address: str) -> None:
    problem(server.get(address), 404, "NOT_FOUND")


def test_a_wrong_method_is_told_the_right_ones(server: Client) -> None:
    answer = server.post("/v1/health")
    problem(answer, 405, "METHOD_NOT_ALLOWED")
    assert "GET" in answer.headers["Allow"]


def test_check_says_what_an_upload_would_make_and_stores_nothing(server: Client) -> None:
    data = zipped(model(more="environment:\n  python_packages: [torch==2.7.0]\n"))
    answer = upload_raw(server, data, CHECK)
    assert answer.status_code == 200, answer.get_data(as_text=True)
    checked = answer.get_json()
    assert checked["Config"]["Environment"]["CUDA"] == "12.8"
    assert any(completion["Path"] == "Environment.CUDA" for completion in checked["Completion"])
    assert all(completion["Because"] for completion in checked["Completion"])
    assert checked["Dockerfiles"]["cpu"].startswith("FROM ")
    assert "torch==2.7.0+cu128" in checked["Dockerfiles"]["gpu"]
    assert server.get("/v1/packages/?status=any").get_json() == []
    problem(server.get(f"/v1/packages/{checked['ID']}"), 404, "PACKAGE_NOT_FOUND")


def test_check_takes_a_jid_yaml_alone(server: Client) -> None:
    text = model()["jid.yaml"]
    answer = server.post(CHECK, data=text, content_type="application/yaml")
    assert answer.status_code == 200
    assert "ID" not in answer.get_json()
    assert answer.get_json()["Config"]["Name"] == "tests/hello"


def test_health_says_what_is_plugged_in(server: Client) -> None:
    plugged = {"Status": "ok", "Engine": "process", "Runner": "process", "Storage": "files", "Database": "sqlite"}
    assert server.get("/v1/health").get_json() == plugged


def test_with_a_token_nothing_but_health_is_open(serve: Serve) -> None:
    server = serve(TOKEN="a long secret")
    answer = server.get("/v1/packages/")
    problem(answer, 401, "UNAUTHORIZED")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    for wrong in ("Bearer wrong", "Bearer", "Basic YTpi", "Bearer \xe9"):
        problem(server.get("/v1/packages/", headers={"Authorization": wrong}), 401, "UNAUTHORIZED")
    problem(upload(server, zipped(model())), 401, "UNAUTHORIZED")
    assert server.get("/v1/packages/", headers={"Authorization": "Bearer a long secret"}).get_json() == []
    assert server.get("/v1/health").status_code == 200


def test_a_wrong_setting_is_named(serve: Serve) -> None:
    server = serve(BUILDS="many")
    assert "MODELSERVER_BUILDS='many'" in problem(server.get("/v1/health"), 500, "MISCONFIGURED")["detail"]
