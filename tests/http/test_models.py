"""Models by name: the newest one, badges, and what changed between two packages."""

from __future__ import annotations

import hashlib
import xml.etree.ElementTree as ElementTree

import pytest
from werkzeug.test import Client

from tests.http.packages import problem, upload
from tests.packages import FAILING, model, zipped

_TWICE = """
class Model:
    def run(self, text: str, times: int = 1) -> str:
        return text * times
"""
_EXAMPLE = "examples:\n  - input: {text: a}\n"


def _published(server: Client, files: dict[str, str | bytes]) -> str:
    answer = upload(server, zipped(files))
    package_id: str = answer.get_json()["ID"]
    return package_id


def test_a_name_leads_to_its_newest_package_that_is_ready(server: Client) -> None:
    first = _published(server, model(name="andreas/scratch", salt="1"))
    second = _published(server, model(name="andreas/scratch", salt="2"))
    _published(server, model(FAILING, name="andreas/scratch"))
    _published(server, model(name="andreas/scratch2"))
    answer = server.get("/v1/models/andreas/scratch")
    assert (answer.status_code, answer.headers["Location"]) == (307, f"/v1/packages/{second}")
    followed = server.get("/v1/models/andreas/scratch", follow_redirects=True).get_json()
    assert (followed["ID"], followed["Name"]) == (second, "andreas/scratch")
    link = answer.headers["Link"]
    assert link.endswith('rel="version-history"')
    history = server.get(link[1 : link.index(">")]).get_json()
    assert [package["Status"] for package in history] == ["failed", "ready", "ready"]
    assert [package["ID"] for package in history[1:]] == [second, first]
    server.delete(f"/v1/packages/{second}")
    assert server.get("/v1/models/andreas/scratch").headers["Location"].endswith(first)


@pytest.mark.parametrize("name", ["nobody/knows", "NO NAME", "a//b", "../../etc", "a" * 5000, "%00", "<script>"])
def test_a_name_of_nothing_is_not_found(server: Client, name: str) -> None:
    document = problem(server.get(f"/v1/models/{name}"), 404, "MODEL_NOT_FOUND")
    assert len(document["detail"]) < 800
    problem(server.get(f"/v1/models/{name}/badge.svg"), 404, "MODEL_NOT_FOUND")


def test_a_badge_says_the_status(server: Client) -> None:
    package_id = _published(server, model(name="andreas/scratch", salt="badge"))
    for address in (f"/v1/packages/{package_id}/badge.svg", "/v1/models/andreas/scratch/badge.svg"):
        answer = server.get(address)
        assert (answer.status_code, answer.mimetype) == (200, "image/svg+xml")
        drawn = ElementTree.fromstring(answer.get_data())
        assert drawn.attrib["aria-label"] == f"andreas/scratch: ready {package_id[:12]}"
        assert server.get(address, headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
        assert "max-age" in answer.headers["Cache-Control"]
    failed = _published(server, model(FAILING, salt="badge"))
    assert b"failed" in server.get(f"/v1/packages/{failed}/badge.svg").get_data()
    problem(server.get(f"/v1/packages/{'0' * 40}/badge.svg"), 404, "PACKAGE_NOT_FOUND")


def test_a_badge_may_be_shown_elsewhere_and_can_do_nothing_there(server: Client) -> None:
    package_id = _published(server, model(salt="elsewhere"))
    answer = server.get(f"/v1/packages/{package_id}/badge.svg")
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert "sandbox" in answer.headers["Content-Security-Policy"]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    text = answer.get_data(as_text=True)
    assert not any(word in text for word in ("<script", "style=", "href", "url("))


def test_what_changed_between_two_packages(server: Client) -> None:
    old = _published(server, {**model(more=_EXAMPLE), "gone.txt": "gone", "kept.txt": "kept"})
    added, code = b"new\n", _TWICE.replace("times: int = 1", "times: int").encode()
    more = "environment: {python_version: '3.11'}\nexamples:\n  - input: {text: a, times: 2}\n"
    new = _published(server, {**model(code.decode(), more=more), "new.txt": added, "kept.txt": "kept"})
    answer = server.get(f"/v1/packages/{old}/diff/{new}")
    assert answer.status_code == 200
    found = answer.get_json()
    assert (found["From"]["ID"], found["To"]["ID"], found["Breaking"]) == (old, new, True)
    files = found["Files"]
    blob = hashlib.sha1(b"blob 4\0" + added).hexdigest()
    assert files["Added"] == [{"Path": "new.txt", "Size": 4, "Executable": False, "Blob": blob}]
    assert [file["Path"] for file in files["Removed"]] == ["gone.txt"]
    assert [file["Path"] for file in files["Changed"]] == ["infer.py", "jid.yaml"]
    assert files["Changed"][0]["To"]["Size"] == len(code)
    assert (files["Unchanged"], files["By"]) == (1, "blob")
    assert {change["Path"] for change in found["Config"]} >= {"Examples"}
    changes = {(change["Path"], change["Breaking"]) for change in found["Schema"]}
    assert ("Input/times", True) in changes
    assert all(change["Because"] for change in found["Schema"])


def test_a_package_does_not_differ_from_itself(server: Client) -> None:
    package_id = _published(server, model(salt="itself"))
    found = server.get(f"/v1/packages/{package_id}/diff/{package_id}").get_json()
    assert (found["Breaking"], found["Schema"], found["Config"]) == (False, [], [])
    assert (found["Files"]["Added"], found["Files"]["Removed"], found["Files"]["Changed"]) == ([], [], [])


def test_a_package_that_failed_can_be_compared_and_promises_nothing(server: Client) -> None:
    failed = _published(server, {"jid.yaml": "name: tests/hello\nmodel: infer.py:Model\n", "infer.py": "class Model"})
    ready = _published(server, model(salt="beside"))
    found = server.get(f"/v1/packages/{failed}/diff/{ready}").get_json()
    assert [change["Breaking"] for change in found["Schema"]] == [True]


@pytest.mark.parametrize("other", ["0" * 40, "nonsense", "0" * 41, "%2e%2e"])
def test_what_is_no_package_cannot_be_compared(server: Client, other: str) -> None:
    package_id = _published(server, model(salt="alone"))
    problem(server.get(f"/v1/packages/{package_id}/diff/{other}"), 404, "PACKAGE_NOT_FOUND")
