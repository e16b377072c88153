"""The run form: what goes in, what comes out and how it is shown, what is wrong and where that is said."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.packages import model, zipped
from tests.pages.accessible import faults
from tests.pages.conftest import Open
from tests.pages.packages import inputs, outputs, streams
from tests.servers import Server, serving

Show = Callable[..., tuple[Any, Page]]


@pytest.fixture
def show(open_page: Open, server: Server) -> Show:
    """show(zip) uploads it and opens its page."""

    def begin(data: bytes, **options: Any) -> tuple[Any, Page]:
        package = server.upload(data).json()
        assert package.get("Status") == "ready", package
        visit = open_page(**options)
        return visit, visit.go(f"/v1/packages/{package['ID']}")

    return begin


def run(page: Page) -> str:
    """Clicks, waits for the end, and returns what the form says of it."""
    page.get_by_role("button", name="Run", exact=True).click()
    state = page.locator("[data-state]")
    expect(state).to_have_text(re.compile("^(Answered in|Ended after)"), timeout=60_000)
    return state.inner_text()


def shown(page: Page) -> str:
    return page.locator("[data-shown]").inner_text().strip()


def test_an_example_is_run_with_one_click(open_page: Open, packages: dict[str, str]) -> None:
    visit = open_page()
    page = visit.go(f"/v1/packages/{packages['hello']}")
    page.get_by_role("button", name="Example 2").click()
    assert "text/plain, 17 bytes" in run(page)
    assert shown(page) == "hello you you you"
    page.get_by_role("button", name="Defaults").click()
    run(page)
    assert shown(page) == "hello world"


def test_a_picture_goes_in_and_comes_out(open_page: Open, packages: dict[str, str]) -> None:
    visit = open_page()
    page = visit.go(f"/v1/packages/{packages['thumbnail']}")
    assert "image/png" in run(page)
    picture = page.locator("[data-shown] img")
    assert picture.evaluate("async (it) => { await it.decode(); return it.naturalWidth }") == 32
    assert page.get_by_role("link", name="Save thumbnail.png").get_attribute("download") == "thumbnail.png"
    assert faults(page) == []
    visit.keep("run-picture-wide")


def test_a_stream_is_shown_as_it_comes(show: Show) -> None:
    _, page = show(streams())
    page.get_by_label("items").fill("40")
    page.get_by_role("button", name="Run", exact=True).click()
    page.get_by_text("<i>item 3</i>").wait_for()
    assert "Receiving" in page.locator("[data-state]").inner_text()
    expect(page.locator("[data-state]")).to_have_text(re.compile("a stream, 40 items"), timeout=60_000)
    page.get_by_role("switch", name="fail").check()
    page.get_by_label("items").fill("2")
    run(page)
    assert "<i>item 1</i>" in shown(page)
    assert "out of items" in shown(page)


def test_outputs_are_shown_as_what_they_are(show: Show) -> None:
    visit, page = show(outputs(), allowed="500")
    asked: dict[str, str] = {}
    for kind in ("text", "markup", "json", "html", "svg", "picture", "sound", "bytes", "error", "large"):
        page.get_by_label("kind").select_option(kind)
        asked[kind] = f"{run(page)}\n{shown(page)[:2000]}"
        visit.keep(f"run-{kind}-wide")
        if kind == "sound":
            assert page.locator("audio").evaluate(
                "async (it) => { while (!it.duration) await new Promise((r) => setTimeout(r, 50)); return it.duration }"
            ) == pytest.approx(0.5)
        if kind in ("svg", "picture"):
            page.locator("[data-shown] img").evaluate("(it) => it.decode()")
    assert page.title() == "tests/outputs · modelserver"
    assert page.locator("#taken").count() == 0
    assert asked["text"].endswith("plain")
    assert "<script>document.title" in asked["markup"]
    assert "12345678901234567890" in asked["json"]
    assert "1.0" in asked["json"]
    assert "<script>document.title" in asked["html"]
    assert "Save page.html" in asked["html"]
    assert "Save weights.bin (5.0 kB)" in asked["bytes"]
    assert "<script>document.title" in asked["error"]
    assert "text/plain, 100.0 MB" in asked["large"]
    assert "The first 262.1 kB of 100.0 MB." in page.locator("[data-shown]").inner_text()
    assert page.get_by_role("link", name="Save output (100.0 MB)").is_visible()


def test_every_kind_of_input_arrives_as_it_was_meant(show: Show) -> None:
    visit, page = show(inputs(), width=1280, allowed="422")
    assert faults(page) == []
    visit.keep("inputs-wide")
    run(page)
    expected = {
        "text": 'it\'s; "so"',
        "file": "in the file",
        "count": 3,
        "big": 0,
        "ratio": 0.5,
        "loud": True,
        "choice": "c",
        "maybe": None,
        "items": [1, 2],
        "anything": None,
        "note": "kept",
    }
    assert json.loads(shown(page)) == expected
    page.get_by_label("text", exact=False).first.fill("line one\nline two")
    page.get_by_label("count", exact=False).last.fill("7")  # the slider
    page.get_by_label("big").fill("12345678901234567890")
    page.get_by_role("switch", name="loud").uncheck()
    page.get_by_label("choice").select_option("7")
    page.get_by_label("maybe").fill("0")
    page.get_by_label("items").fill("[]")
    page.get_by_label("anything").fill('{"a": [null, 1.5]}')
    page.get_by_label("note").fill("")
    page.locator("input[type=file]").set_input_files({"name": "x", "mimeType": "text/plain", "buffer": b"mine"})
    run(page)
    assert json.loads(shown(page)) == {
        **expected,
        "text": "line one\nline two",
        "file": "mine",
        "count": 7,
        "big": 12345678901234567890,
        "loud": False,
        "choice": 7,
        "maybe": 0,
        "items": [],
        "anything": {"a": [None, 1.5]},
        "note": "",
    }


def test_errors_stand_beside_their_fields(show: Show) -> None:
    visit, page = show(inputs(), allowed="422")
    page.get_by_role("button", name="Defaults").click()
    page.get_by_label("count", exact=False).first.fill("99")
    page.get_by_label("big").fill("many")
    page.get_by_label("items").fill("[1, ")
    assert "422" not in run(page)
    assert "The fields say what to change." in shown(page), shown(page)
    said = {
        name: page.locator(f"[data-fault='{name}']").inner_text()
        for name in ("text", "file", "count", "big", "items", "ratio")
    }
    assert said["text"] == said["file"] == "is required", said
    assert said["count"] == "must be at most 10, not 99"
    assert said["big"].startswith("must be a whole number, not 'many'")
    assert said["items"]
    assert said["ratio"] == ""
    assert page.get_by_label("big").get_attribute("aria-invalid") == "true"
    assert page.evaluate("document.activeElement.id") == "input-1"
    assert faults(page) == []
    visit.keep("run-faults-wide")
    page.get_by_role("button", name="Example").click()
    run(page)
    assert page.locator("[data-fault]:visible").count() == 0
    assert page.locator("[aria-invalid]").count() == 0


def test_the_call_beside_the_form_is_the_same_call(show: Show, open_page: Open, server: Server, tmp_path: Any) -> None:
    """As the server writes it without scripts, as the script writes it, and as a shell and Python run it."""
    _, page = show(inputs(), allowed="422")
    call = page.locator("[data-calls] pre").inner_text()
    plain = open_page(java_script_enabled=False)
    assert plain.go(page.url.removeprefix(server.address)).locator("[data-calls] pre").inner_text() == call
    run(page)
    answered = json.loads(shown(page))
    (tmp_path / "some file.txt").write_text("in the file")
    assert json.loads(_curl(call, tmp_path)) == answered
    page.get_by_role("button", name="Python", exact=True).click()
    source = page.locator("[data-calls] pre").inner_text()
    done = subprocess.run([sys.executable, "-c", source], cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(answered)


def _curl(call: str, folder: Any) -> str:
    words = shlex.split(call.replace("\\\n", ""))
    done = subprocess.run([words[0], "--silent", *words[1:]], cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def test_a_run_can_be_stopped(show: Show) -> None:
    _, page = show(outputs())
    page.get_by_label("kind").select_option("slow")
    page.get_by_role("button", name="Run", exact=True).click()
    expect(page.locator("[data-state]")).to_have_text(re.compile("Waiting for the model"))
    assert page.get_by_role("button", name="Run", exact=True).is_disabled()
    page.get_by_role("button", name="Stop").click()
    page.get_by_text("You stopped the run.").wait_for()
    page.get_by_label("kind").select_option("text")
    run(page)
    assert shown(page) == "plain"


def test_a_package_that_was_deleted_while_its_page_was_open(show: Show, server: Server) -> None:
    _, page = show(zipped(model(name="tests/gone", salt="gone")), allowed="404")
    assert server.delete(page.url.removeprefix(server.address)).status_code == 204
    run(page)
    assert "No package has this ID" in shown(page)


def test_a_server_that_is_gone_is_told(open_page: Open, tmp_path: Any) -> None:
    with serving(tmp_path, "--engine", "process") as mortal:
        package = mortal.upload(zipped(model())).json()["ID"]
        page = open_page(mortal.address, allowed="ERR_CONNECTION").go(f"/v1/packages/{package}")
    run(page)
    assert "The server does not answer" in shown(page)
