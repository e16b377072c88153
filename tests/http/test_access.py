"""Who may ask: with a token whoever has it; without one this machine alone, and no strange web page."""

from __future__ import annotations

import pytest
from werkzeug.test import Client

from tests.http.conftest import Serve
from tests.http.packages import UPLOAD, problem, upload
from tests.packages import model, zipped

PACKAGES = "/v1/packages/"
SESSIONS = "/v1/packages/uploads"


@pytest.mark.parametrize("address", ["10.0.0.7", "::ffff:10.0.0.7", "2001:db8::7", "fe80::1"])
def test_without_a_token_another_machine_is_refused(server: Client, address: str) -> None:
    for path in (PACKAGES, "/v1/health"):
        answer = server.get(path, environ_base={"REMOTE_ADDR": address})
        assert "MODELSERVER_TOKEN" in problem(answer, 401, "UNAUTHORIZED")["detail"]
    answer = server.post(SESSIONS, json={"Size": 10}, environ_base={"REMOTE_ADDR": address})
    problem(answer, 401, "UNAUTHORIZED")
    answer = server.put(f"{SESSIONS}/{'0' * 32}", data=b"x", environ_base={"REMOTE_ADDR": address})
    problem(answer, 401, "UNAUTHORIZED")


@pytest.mark.parametrize("address", ["127.0.0.1", "127.8.8.8", "::1", "::ffff:127.0.0.1"])
def test_this_machine_is_answered(server: Client, address: str) -> None:
    assert server.get(PACKAGES, environ_base={"REMOTE_ADDR": address}).status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:3000"},
        {"Origin": "http://localhost.evil.example"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
def test_a_strange_web_page_changes_nothing(server: Client, headers: dict[str, str]) -> None:
    problem(upload(server, zipped(model()), **headers), 403, "FORBIDDEN")
    problem(server.post(SESSIONS, json={"Size": 10}, headers=headers), 403, "FORBIDDEN")
    problem(server.put(f"{SESSIONS}/{'0' * 32}", data=b"x", headers=headers), 403, "FORBIDDEN")
    problem(server.delete(f"{PACKAGES}{'0' * 40}", headers=headers), 403, "FORBIDDEN")
    assert server.get(f"{PACKAGES}?status=any").get_json() == []


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8080", "localhost.evil.example", "127.0.0.1.evil.example"]
)
def test_a_name_that_came_to_mean_this_machine_is_refused(server: Client, host: str) -> None:
    problem(server.get(PACKAGES, headers={"Host": host}), 403, "FORBIDDEN")
    same = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    problem(server.post(UPLOAD, data=b"x", headers=same), 403, "FORBIDDEN")


@pytest.mark.parametrize("host", ["localhost", "LOCALHOST:8080", "127.0.0.1:8080", "127.1.2.3", "[::1]:8080"])
def test_the_names_of_this_machine_are_answered(server: Client, host: str) -> None:
    assert server.get(PACKAGES, headers={"Host": host}).status_code == 200
    own = {"Host": host, "Origin": f"http://{host}", "Sec-Fetch-Site": "same-origin"}
    assert server.post(SESSIONS, json={"Size": 10}, headers=own).status_code == 201
    assert server.post(SESSIONS, json={"Size": 10}, headers={"Host": host}).status_code == 201


def test_with_a_token_the_token_decides(serve: Serve) -> None:
    server = serve(TOKEN="a long secret")
    far = {"Authorization": "Bearer a long secret", "Host": "models.example", "Origin": "https://models.example"}
    answer = server.post(SESSIONS, json={"Size": 10}, headers=far, environ_base={"REMOTE_ADDR": "10.0.0.7"})
    assert answer.status_code == 201


def test_no_answer_is_a_page(server: Client) -> None:
    package = upload(server, zipped(model())).get_json()
    for path in (
        "/v1/health",
        PACKAGES,
        "/nowhere",
        f"{PACKAGES}{package['ID']}.zip",
        f"{PACKAGES}{package['ID']}/log",
    ):
        assert server.get(path).headers["X-Content-Type-Options"] == "nosniff"
        assert "default-src 'none'" in server.get(path).headers["Content-Security-Policy"]
    assert server.put(f"{SESSIONS}/{'0' * 32}").headers["X-Content-Type-Options"] == "nosniff"
