"""What of a model's answer reaches a client: a page of this server's origin it never is."""

from __future__ import annotations

import pytest

from modelserver.errors import NoAnswer
from modelserver.http.onward import reply_answer
from modelserver.ports import Reply


def _headers(**given: str) -> dict[str, str]:
    headers = {name.replace("_", "-"): value for name, value in given.items()}
    return dict(reply_answer(Reply(200, headers, iter([b"x"]))).headers)


@pytest.mark.parametrize(
    "kind",
    ["text/plain; charset=utf-8", "application/json", "text/event-stream", "image/png", "audio/x-wav", "video/mp4"],
)
def test_what_no_browser_runs_is_shown(kind: str) -> None:
    headers = _headers(content_type=kind)
    assert headers["Content-Type"] == kind
    assert "Content-Disposition" not in headers


@pytest.mark.parametrize(
    "kind",
    [
        "text/html",
        "TEXT/HTML; charset=utf-8",
        "application/xhtml+xml",
        "image/svg+xml",
        "text/xml",
        "application/pdf",
        "text/javascript",
        "text/css",
        "multipart/x-mixed-replace; boundary=x",
        "application/octet-stream",
        "nonsense",
        "",
        "text/plain, text/html",
        "text/html\u00e9",
    ],
)
def test_what_a_browser_might_run_is_saved(kind: str) -> None:
    headers = _headers(content_type=kind, content_disposition="inline; filename*=UTF-8''a.html")
    assert headers["Content-Disposition"] == "attachment; filename*=UTF-8''a.html"


def test_nothing_else_that_a_model_says_of_its_answer_counts() -> None:
    headers = _headers(
        content_type="text/plain",
        content_length="1",
        retry_after="5",
        set_cookie="modelserver=evil",
        location="https://evil.example",
        content_security_policy="default-src *",
        x_content_type_options="sniff",
        access_control_allow_origin="*",
        content_encoding="gzip",
        transfer_encoding="chunked",
        cache_control="public",
        service_worker_allowed="/",
        www_authenticate="Basic",
        refresh="0; url=https://evil.example",
    )
    kept = {"Content-Type": "text/plain", "Content-Length": "1", "Retry-After": "5"}
    assert headers == {**kept, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}


@pytest.mark.parametrize("value", ["1, 1", "-1", "+1", "\u0661", "1" * 20, "1\r\nSet-Cookie: a=b"])
def test_a_length_that_is_no_number_is_none(value: str) -> None:
    headers = _headers(content_type="text/plain", content_length=value, retry_after=value)
    assert "Content-Length" not in headers and "Retry-After" not in headers


@pytest.mark.parametrize(
    "value",
    [
        'attachment; filename="a\r\nSet-Cookie: a=b"',
        "inline; filename*=UTF-8''a\r\nX: y",
        'inline; filename="<script>"',
    ],
)
def test_a_name_that_is_none_is_left_out(value: str) -> None:
    disposition = _headers(content_type="text/html", content_disposition=value)["Content-Disposition"]
    assert disposition in ("attachment", "attachment; filename*=UTF-8''a")


@pytest.mark.parametrize("status", [100, 199, 300, 301, 307, 399, 600, 999, 0])
def test_a_status_that_answers_no_call_is_none(status: int) -> None:
    closed: list[bool] = []
    with pytest.raises(NoAnswer):
        reply_answer(Reply(status, {"location": "https://evil.example"}, iter(()), lambda: closed.append(True)))
    assert closed == [True]
