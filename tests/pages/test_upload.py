"""The upload form: choosing, dropping, progress, what is wrong, and leaving in the middle."""

from __future__ import annotations

import base64
import os
import re
from pathlib import Path

from playwright.sync_api import Page

from tests.packages import FAILING, model, zipped
from tests.pages.accessible import faults
from tests.pages.conftest import Open
from tests.pages.packages import slow
from tests.servers import Server, serving

UPLOAD = "/v1/packages/upload"
_DROP = """([name, data]) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File([Uint8Array.from(atob(data), (c) => c.charCodeAt(0))], name));
  return transfer;
}"""


def await_progress(page: Page) -> None:
    """Until a part has been sent. Asked again and again: a page's policy lets no test wait inside of it."""
    while page.evaluate("document.querySelector('progress').value") < 0.05:
        page.wait_for_timeout(50)


def choose(page: Page, data: bytes, name: str = "model.zip") -> None:
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "application/zip", "buffer": data})


def test_a_zip_is_dropped_watched_and_run(open_page: Open) -> None:
    visit = open_page()
    page = visit.go(UPLOAD)
    data = base64.b64encode(slow(3.0, salt="dropped")).decode()
    transfer = page.evaluate_handle(_DROP, ["dropped.zip", data])
    page.dispatch_event("[data-drop]", "dragover", {"dataTransfer": transfer})
    assert "over" in (page.locator("[data-drop]").get_attribute("class") or "")
    page.dispatch_event("[data-drop]", "drop", {"dataTransfer": transfer})
    assert "dropped.zip" in page.locator("[data-chosen]").inner_text()
    visit.keep("upload-chosen-wide")
    page.get_by_role("button", name="Upload", exact=True).click()
    page.wait_for_url(re.compile("/v1/packages/[0-9a-f]{40}$"))
    page.get_by_text("loading part 3").wait_for()  # while it is built
    assert page.locator(".title .badge.building").count() == 1
    assert faults(page) == []
    visit.keep("building-wide")
    page.locator(".title .badge.ready").wait_for()  # the page has loaded itself anew
    assert "loading part 9" in page.locator("#build pre").inner_text()


def test_what_is_wrong_with_a_zip_is_said_in_its_place(open_page: Open) -> None:
    visit = open_page(allowed="422")
    page = visit.go(UPLOAD)
    choose(page, zipped({"jid.yaml": "name: UPPER\nmodel: gone.py:Model\n<b>x</b>: 1\n"}))
    page.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_text("/model, line 2").wait_for()
    assert page.get_by_text("/name, line 1").is_visible()
    assert page.locator("[data-problem] b").count() == 0
    assert page.evaluate("document.activeElement.hasAttribute('data-problem')")
    assert faults(page) == []
    visit.keep("upload-refused-wide")
    choose(page, zipped(model(salt="mended")))
    assert not page.locator("[data-problem]").is_visible()
    page.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_role("heading", name="tests/hello").wait_for()


def test_without_scripts_a_form_does_it(open_page: Open) -> None:
    page = open_page(java_script_enabled=False).go(UPLOAD)
    choose(page, zipped(model(FAILING, name="tests/failing")))
    page.get_by_role("button", name="Upload", exact=True).click()
    page.get_by_role("heading", name="tests/failing").wait_for()


def test_a_failed_package_says_why(open_page: Open, server: Server) -> None:
    package = server.upload(zipped(model(FAILING, name="tests/cheese"))).json()["ID"]
    visit = open_page()
    page = visit.go(f"/v1/packages/{package}")
    assert page.get_by_role("heading", name="The model did not pass its test").is_visible()
    assert "out of cheese" in page.locator("#problem").inner_text()
    assert faults(page) == []
    visit.keep("failed-wide")


def test_who_leaves_in_the_middle_leaves_nothing_behind(open_page: Open, tmp_path: Path) -> None:
    with serving(tmp_path, "--engine", "process") as lonely:
        visit = open_page(lonely.address)
        page = visit.go(UPLOAD)
        slowed = page.context.new_cdp_session(page)
        conditions = {"offline": False, "latency": 0, "downloadThroughput": -1, "uploadThroughput": 500_000}
        slowed.send("Network.emulateNetworkConditions", conditions)
        choose(page, os.urandom(8_000_000))
        page.get_by_role("button", name="Upload", exact=True).click()
        await_progress(page)
        assert "of 8.0 MB" in page.locator("[data-state]").inner_text()
        visit.keep("upload-progress-wide")
        page.get_by_role("button", name="Stop").click()
        page.get_by_text("Nothing was kept.").wait_for()
        page.get_by_role("button", name="Upload", exact=True).click()
        await_progress(page)
        page.close()
        assert lonely.get("/v1/packages/?status=any").json() == []
        assert lonely.stop() == 0
    kept = [path for path in (tmp_path / "data").rglob("*") if path.is_file() and path.stat().st_size > 400_000]
    assert kept == []
