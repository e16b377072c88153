"""Each route, with each token: who may write, who may read, and who is nobody."""

from __future__ import annotations

import pytest
from werkzeug.test import Client

from modelserver.app import OPEN, ROUTES, Route
from tests.http.conftest import Serve
from tests.http.packages import problem

TOKENS = {"TOKEN": "one to write", "READ_TOKEN": "one-to-read"}
SENT = {
    "none": {},
    "empty": {"Authorization": "Bearer "},
    "wrong": {"Authorization": "Bearer one to writ"},
    "longer": {"Authorization": "Bearer one to write."},
    "another case": {"Authorization": "Bearer ONE TO WRITE"},
    "both": {"Authorization": "Bearer one to write, one-to-read"},
    "of another scheme": {"Authorization": "Basic b25lIHRvIHdyaXRlOm9uZSB0byB3cml0ZQ=="},
    "not ASCII": {"Authorization": "Bearer \u00fcne"},
    "read": {"Authorization": "Bearer one-to-read"},
    "write": {"Authorization": "Bearer one to write"},
}


@pytest.fixture
def server(serve: Serve) -> Client:
    return serve(**TOKENS)


def _expected(route: Route, sent: str) -> int:
    """401, 403, or 0: the door is open."""
    method, _, endpoint = route
    if endpoint in OPEN or sent == "write":
        return 0
    if sent == "read":
        return 0 if method == "GET" else 403
    return 401


def test_the_table(server: Client) -> None:
    """Every route, and what each token opens; whatever is behind the door has answers of its own."""
    found, expected = {}, {}
    for route in ROUTES:
        for sent, headers in SENT.items():
            path = route[1].replace("<package_id>", "0" * 40)
            answer = server.open(path, method=route[0], headers=headers)
            found[route, sent] = answer.status_code if answer.status_code in (401, 403) else 0
            expected[route, sent] = _expected(route, sent)
    assert len(found) == len(ROUTES) * len(SENT)
    assert found == expected


def test_who_is_nobody_learns_nothing_of_what_is_behind_the_door(server: Client) -> None:
    """The same answer for an ID that is none, one that is unknown, and a body that is too large."""
    for path in ("0" * 40, "nonsense", "0" * 40 + ".zip"):
        answer = server.get(f"/v1/packages/{path}")
        assert "realm" in answer.headers["WWW-Authenticate"]
        problem(answer, 401, "UNAUTHORIZED")


def test_a_head_is_a_read(server: Client) -> None:
    assert server.head("/v1/packages/", headers=SENT["read"]).status_code == 200
    assert server.head("/v1/packages/", headers=SENT["wrong"]).status_code == 401


def test_who_may_only_read_is_told_so(server: Client) -> None:
    answer = server.delete(f"/v1/packages/{'0' * 40}", headers=SENT["read"])
    assert "insufficient_scope" in answer.headers["WWW-Authenticate"]
    assert "may only read" in problem(answer, 403, "FORBIDDEN")["detail"]


def test_the_session_of_a_large_zip_is_begun_with_the_writing_token_alone(server: Client) -> None:
    """Its location is a secret of its own, as Cloud Storage's is: whoever was told it may PUT there."""
    begun = server.post("/v1/packages/uploads", json={"Size": 3}, headers=SENT["write"])
    assert server.put(begun.get_json()["Location"], data=b"abc").status_code == 201


def test_without_a_reading_token_an_empty_one_opens_nothing(serve: Serve) -> None:
    server = serve(TOKEN="one to write")
    for headers in (SENT["none"], SENT["empty"]):
        problem(server.get("/v1/packages/", headers=headers), 401, "UNAUTHORIZED")


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        pytest.param({"READ_TOKEN": "secret"}, "set MODELSERVER_TOKEN too", id="reading alone"),
        pytest.param({"TOKEN": "secret", "READ_TOKEN": "secret"}, "choose another", id="the same"),
        pytest.param({"TOKEN": "secret\n"}, "MODELSERVER_TOKEN: say printable ASCII", id="line break"),
        pytest.param({"TOKEN": "s\u00e4cret"}, "MODELSERVER_TOKEN: say printable ASCII", id="not ASCII"),
    ],
)
def test_a_token_that_guards_nothing_is_a_wrong_setting_and_is_not_shown(
    serve: Serve, settings: dict[str, str], said: str
) -> None:
    document = problem(serve(**settings).get("/v1/packages/"), 500, "MISCONFIGURED")
    assert said in document["detail"]
    assert "cret" not in document["detail"]


@pytest.mark.parametrize("host", ['evil"<x>', "a b", "a/b", "a@b"])
def test_a_host_that_is_none_is_no_part_of_a_location(server: Client, host: str) -> None:
    headers = {**SENT["write"], "Host": host}
    problem(server.post("/v1/packages/uploads", json={"Size": 3}, headers=headers), 400, "BAD_REQUEST")
