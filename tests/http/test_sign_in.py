"""The way in for a browser: the token once, then a cookie; and that no other page can use it."""

from __future__ import annotations

import io
import re
import time
from pathlib import Path

import pytest
from werkzeug.test import Client, TestResponse

from modelserver.app import BROWSER_ROUTES
from tests.http.conftest import Serve
from tests.http.packages import UPLOAD, problem
from tests.http.test_pages import BROWSER, PACKAGES, guarded
from tests.packages import model, zipped

WRITES, READS = "one to write", "one-to-read"
OWN = {**BROWSER, "Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
ELSEWHERE = (
    {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"},
    {"Origin": "http://localhost:3000", "Sec-Fetch-Site": "same-site"},
    {"Origin": "null"},
    {"Sec-Fetch-Site": "cross-site"},
)


@pytest.fixture
def server(serve: Serve) -> Client:
    return serve(TOKEN=WRITES, READ_TOKEN=READS)


def sign_in(server: Client, token: str, target: str = PACKAGES, **headers: str) -> TestResponse:
    data = {"token": token, "next": target}
    return server.post(
        "/v1/sign-in", data=data, headers={**OWN, **{k.replace("_", "-"): v for k, v in headers.items()}}
    )


def test_who_is_nobody_is_asked_for_the_token_where_they_wanted_to_go(server: Client) -> None:
    answer = server.get(f"{PACKAGES}?search=a%20b&status=any", headers=BROWSER)
    assert answer.status_code == 401
    guarded(answer)
    assert 'name="next" value="/v1/packages/?search=a%20b&amp;status=any"' in answer.get_data(as_text=True)
    problem(server.get(PACKAGES), 401, "UNAUTHORIZED")


def test_the_token_opens_and_is_not_in_the_cookie(server: Client) -> None:
    answer = sign_in(server, f" {WRITES}\n", f"{PACKAGES}?status=any")
    assert (answer.status_code, answer.headers["Location"]) == (303, "../v1/packages/?status=any")
    cookie = answer.headers["Set-Cookie"]
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(cookie.split("; "))
    assert "Secure" not in cookie
    assert WRITES not in cookie
    assert server.get(PACKAGES, headers=BROWSER).status_code == 200
    assert server.post(UPLOAD, data=zipped(model()), headers=OWN).status_code == 303
    assert "Sign out" in server.get(PACKAGES, headers=BROWSER).get_data(as_text=True)


def test_over_tls_the_cookie_stays_there(server: Client) -> None:
    assert "Secure" in sign_in(server, WRITES, X_Forwarded_Proto="https").headers["Set-Cookie"]


@pytest.mark.parametrize("token", ["", "one to writ", "ONE TO WRITE", "\u00fc", "x" * 60_000])
def test_a_wrong_token_is_told_so(server: Client, token: str) -> None:
    answer = sign_in(server, token, f"{PACKAGES}?status=any")
    assert answer.status_code == 401
    assert "Set-Cookie" not in answer.headers
    shown = answer.get_data(as_text=True)
    assert "This is not the token" in shown
    assert 'value="/v1/packages/?status=any"' in shown
    assert server.get(PACKAGES, headers=BROWSER).status_code == 401


def test_a_body_that_is_too_large_is_not_taken(server: Client) -> None:
    assert server.post("/v1/sign-in", data={"token": "x" * 100_000}, headers=OWN).status_code == 400
    files = {"token": "x", "file": (io.BytesIO(b"x" * 200_000), "x")}
    assert server.post("/v1/sign-in", data=files, headers=OWN).status_code == 400


@pytest.mark.parametrize(
    "target",
    ["https://evil.example/", "//evil.example/", "/\\evil.example", "/v1/\r\nX: y", "javascript:alert(1)", "/v1/a:b@c"],
)
def test_nobody_is_led_elsewhere(server: Client, target: str) -> None:
    assert sign_in(server, WRITES, target).headers["Location"] == "../v1/packages/"


@pytest.mark.parametrize("headers", ELSEWHERE)
def test_the_cookie_is_no_use_to_another_page(server: Client, headers: dict[str, str]) -> None:
    assert sign_in(server, WRITES).status_code == 303
    strange = {**BROWSER, "Sec-Fetch-Site": "none", **headers}
    for method, path in (("POST", UPLOAD), ("DELETE", f"{PACKAGES}{'0' * 40}"), ("POST", "/v1/packages/uploads")):
        assert server.open(path, method=method, data=zipped(model()), headers=strange).status_code == 401
    assert server.post("/v1/sign-in", data={"token": READS}, headers=strange).status_code == 403
    assert server.post("/v1/sign-out", headers=strange).status_code == 403
    assert server.get(f"{PACKAGES}?status=any&format=json", headers=BROWSER).get_json() == []


def test_a_browser_that_says_nothing_of_where_from_changes_nothing(server: Client) -> None:
    sign_in(server, WRITES)
    assert server.delete(f"{PACKAGES}{'0' * 40}").status_code == 401


def test_who_may_only_read_may_only_read(server: Client) -> None:
    sign_in(server, READS)
    assert server.get(PACKAGES, headers=BROWSER).status_code == 200
    answer = server.post(UPLOAD, data=zipped(model()), headers=OWN)
    assert answer.status_code == 403
    assert "may only read" in answer.get_data(as_text=True)


def test_signing_out_forgets(server: Client) -> None:
    sign_in(server, WRITES)
    assert server.post("/v1/sign-out", headers=OWN).status_code == 303
    assert server.get(PACKAGES, headers=BROWSER).status_code == 401


def test_a_session_ends_and_cannot_be_made_longer(server: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    cookie = sign_in(server, WRITES).headers["Set-Cookie"]
    name, expiry, mac = re.match(r"([^=]+)=(\d+)\.(\w+)", cookie).groups()  # type: ignore[union-attr]
    for forged in (
        f"{int(expiry) + 1}.{mac}",
        f"{expiry}.{mac[:-1]}0",
        f"{expiry}.",
        ".",
        f"9{'9' * 30}.{mac}",
        "\u0663.x",
    ):
        server.set_cookie(name, forged, domain="localhost")
        assert server.get(PACKAGES, headers=BROWSER).status_code == (200 if forged == f"{expiry}.{mac}" else 401), (
            forged
        )
    server.set_cookie(name, f"{expiry}.{mac}", domain="localhost")
    assert server.get(PACKAGES, headers=BROWSER).status_code == 200
    monkeypatch.setattr(time, "time", lambda: float(expiry) + 1)
    assert server.get(PACKAGES, headers=BROWSER).status_code == 401


def test_another_token_ends_every_session(serve: Serve, tmp_path: Path) -> None:
    cookie = sign_in(serve(TOKEN=WRITES), WRITES).headers["Set-Cookie"].partition(";")[0]
    other = serve(TOKEN="another", DATA=str(tmp_path / "other"))
    name, _, value = cookie.partition("=")
    other.set_cookie(name, value, domain="localhost")
    assert other.get(PACKAGES, headers=BROWSER).status_code == 401


def test_without_a_token_there_is_nothing_to_sign_in_to(serve: Serve) -> None:
    answer = sign_in(serve(), "anything")
    assert answer.status_code == 303
    assert "Set-Cookie" not in answer.headers


def test_what_only_browsers_need_is_open_or_asks_for_the_token(server: Client) -> None:
    """An open one tells nothing of the packages."""
    found = {
        (method, path): server.open(path.replace("<name>", "x"), method=method).status_code
        for method, path, _ in BROWSER_ROUTES
    }
    assert found == {
        ("GET", "/"): 401,
        ("GET", "/v1/assets/<name>"): 404,
        ("GET", "/v1/sign-in"): 200,
        ("POST", "/v1/sign-in"): 400,
        ("POST", "/v1/sign-out"): 303,
    }
