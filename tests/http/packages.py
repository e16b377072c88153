"""Uploads as curl makes them."""

from __future__ import annotations

import io
from typing import Any

from werkzeug.test import Client, TestResponse

UPLOAD = "/v1/packages/upload"


def upload(server: Client, data: bytes, **headers: str) -> TestResponse:
    """curl -X POST .../upload -F file=@model.zip"""
    return server.post(UPLOAD, data={"file": (io.BytesIO(data), "model.zip")}, headers=_named(headers))


def upload_raw(server: Client, data: bytes, address: str = UPLOAD, **headers: str) -> TestResponse:
    """curl -X POST .../upload -H "Content-Type: application/zip" --data-binary @model.zip"""
    return server.post(address, data=data, headers={"Content-Type": "application/zip", **_named(headers)})


def problem(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    """The problem document, after checking that it is the one expected, whole and readable."""
    assert answer.status_code == status, answer.get_data(as_text=True)
    assert answer.mimetype == "application/problem+json"
    document: dict[str, Any] = answer.get_json(force=True)
    assert document["code"] == code, document
    assert document["status"] == status
    assert document["type"] and document["title"]
    assert "Traceback" not in answer.get_data(as_text=True)
    return document


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}
