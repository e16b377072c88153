"""What the command says, and how it ends, where there is no modelserver or one that misbehaves."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.cli.conftest import Command
from tests.cli.folders import hello
from tests.cli.strangers import answering
from tests.local.conftest import free_port

_PROBLEM = "application/problem+json"
_PAGE = b"<html><body>Hello</body></html>"


def _problem(status: int, code: str, detail: str) -> bytes:
    return json.dumps({"title": "A title", "status": status, "code": code, "detail": detail}).encode()


@pytest.mark.parametrize("words", [["ls"], ["push", "model"], ["check", "model"], ["show", "a/b"]], ids=lambda w: w[0])
def test_without_a_server_it_says_so_and_how_to_have_one(alone: Command, tmp_path: Path, words: list[str]) -> None:
    hello(tmp_path / "model")
    ended = alone.at(f"http://127.0.0.1:{free_port()}")(*words, status=5)
    assert "No server answers at http://127.0.0.1:" in ended.err
    assert "make serve" in ended.err
    assert ended.out == ""


@pytest.mark.parametrize(
    ("status", "body", "headers", "exit_status", "said"),
    [
        (200, _PAGE, {"Content_Type": "text/html"}, 5, "is no modelserver"),
        (404, _PAGE, {"Content_Type": "text/html"}, 5, "is no modelserver"),
        (200, b'"text"', {"Content_Type": "application/json"}, 5, "is no modelserver"),
        (500, b"Traceback", {"Content_Type": "text/plain"}, 5, "fails: 500"),
        (503, _problem(503, "UNAVAILABLE", "The database sleeps."), {"Content_Type": _PROBLEM}, 5, "database sleeps"),
        (502, _PAGE, {"Content_Type": "text/html"}, 5, "fails: 502"),
        (403, _PAGE, {"Content_Type": "text/html"}, 4, "MODELSERVER_TOKEN"),
        (401, _problem(401, "UNAUTHORIZED", "Say who you are."), {"Content_Type": _PROBLEM}, 4, "Say who you are"),
        (302, b"", {"Location": "https://elsewhere.example/"}, 5, "https://elsewhere.example/"),
        (404, _problem(404, "NOT_FOUND", "Nothing here."), {"Content_Type": _PROBLEM}, 5, "every route at one URL"),
        (507, _problem(507, "NO_SPACE", "The disk is full."), {"Content_Type": _PROBLEM}, 6, "disk is full"),
        (200, b"\x1b[31mred\x07", {"Content_Type": "\x1b[31mtext"}, 5, "is no modelserver"),
    ],
)
def test_what_a_stranger_answers_is_told(
    alone: Command, tmp_path: Path, status: int, body: bytes, headers: dict[str, str], exit_status: int, said: str
) -> None:
    folder = hello(tmp_path / "model")
    with answering(status, body, **headers) as address:
        ended = alone.at(address)("push", folder, "--json", status=exit_status)
    assert said in ended.err
    assert ended.out == ""
    assert "Traceback (most recent" not in ended.err
    assert not set("\x1b\x07") & set(ended.err)


@pytest.mark.parametrize(
    "url", ["ftp://host", "http://", "http://host:port", "localhost:8080/v1/packages/", "http://h?x=1"]
)
def test_an_address_that_is_none_is_named(alone: Command, url: str) -> None:
    assert "--url" in alone("ls", "--url", url, status=2).err


def test_an_address_needs_no_scheme_and_no_care_about_slashes(cli: Command) -> None:
    address = cli.environment["MODELSERVER_URL"].removeprefix("http://")
    assert cli("ls", "--url", f"{address}/", "--json").json == cli("ls", "--json").json


def test_a_token_of_google_is_asked_of_gcloud(alone: Command, tmp_path: Path) -> None:
    """gcloud's own refusal is passed on; the address is one that nothing is sent to, for want of a token."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "gcloud"
    program.write_text('#!/bin/sh\necho "asked for $*" >>"$HOME.asked"\necho "ERROR: not logged in" >&2\nexit 1\n')
    program.chmod(0o755)
    way = alone.at("https://api-abc.a.run.app", PATH=f"{folder}:{alone.environment['PATH']}")
    ended = way("ls", status=4)
    assert "ERROR: not logged in" in ended.err
    assert "gcloud auth login" in ended.err
    assert (tmp_path / "home.asked").read_text().splitlines() == [
        "asked for auth print-identity-token --audiences=https://api-abc.a.run.app",
        "asked for auth print-identity-token",
    ]


def test_without_gcloud_it_says_what_is_wanted(alone: Command, tmp_path: Path) -> None:
    ended = alone.at("https://api-abc.a.run.app", PATH=str(tmp_path))("ls", status=4)
    assert "gcloud is not installed" in ended.err
    assert "MODELSERVER_TOKEN" in ended.err
