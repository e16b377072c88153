"""Every page in light and dark, wide and narrow, with and without scripts: readable, whole, and by the rules."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.pages.accessible import faults, is_cut_off
from tests.pages.conftest import Open
from tests.servers import Server, serving

PAGES = {
    "list": "/v1/packages/",
    "thumbnail": "/v1/packages/{thumbnail}",
    "tokens": "/v1/packages/{tokens}",
    "file": "/v1/packages/{thumbnail}/files/infer.py",
    "picture": "/v1/packages/{thumbnail}/files/samples/rings.png",
    "log": "/v1/packages/{hello}/log",
    "diff": "/v1/packages/{hello}/diff/{tokens}",
    "upload": "/v1/packages/upload",
    "sign-in": "/v1/sign-in",
    "missing": "/v1/packages/0000000000000000000000000000000000000000",
}
SCREENS = {
    "wide": {"width": 1280, "color_scheme": "light"},
    "narrow-dark": {"width": 360, "color_scheme": "dark"},
}


@pytest.mark.parametrize("screen", SCREENS)
def test_every_page_is_accessible_and_nothing_is_cut_off(
    open_page: Open, packages: dict[str, str], screen: str
) -> None:
    visit = open_page(**SCREENS[screen], allowed="404")
    found = {}
    for name, path in PAGES.items():
        page = visit.go(path.format(**packages))
        found[name] = (faults(page), is_cut_off(page))
        visit.keep(f"{name}-{screen}")
    assert found == dict.fromkeys(PAGES, ([], False))


def test_without_scripts_all_is_there_but_the_run_form(open_page: Open, packages: dict[str, str]) -> None:
    visit = open_page(java_script_enabled=False)
    page = visit.go(f"/v1/packages/{packages['thumbnail']}")
    assert page.get_by_role("heading", name="thumbnail", exact=True).is_visible()
    assert page.get_by_text("The form needs JavaScript").is_visible()
    assert page.get_by_role("button", name="Run").count() == 0
    assert "-F image=@samples/rings.png" in page.locator("[data-calls] pre").inner_text()
    page.get_by_role("link", name="infer.py").click()
    assert "small.thumbnail" in page.locator("main pre").inner_text()


def test_the_empty_list_says_how_to_begin(open_page: Open, tmp_path: Path) -> None:
    """And its lines do what they say."""
    with serving(tmp_path, "--engine", "process") as empty:
        visit = open_page(empty.address)
        page = visit.go("/")
        assert faults(page) == []
        visit.keep("empty-wide")
        lines = page.locator("pre").inner_text()
        folder = tmp_path / "first"
        folder.mkdir()
        done = subprocess.run(["bash", "-euc", lines], cwd=folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        page.reload()
        page.get_by_role("link", name="me/hello").click()
        page.locator(".title .badge.ready").wait_for()
        page.wait_for_load_state()  # before the server goes


def test_the_keyboard_leads_everywhere(open_page: Open, packages: dict[str, str]) -> None:
    visit = open_page()
    page = visit.go("/v1/packages/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Upload a package"
    assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_what_stands_there_can_be_copied(open_page: Open, server: Server, packages: dict[str, str]) -> None:
    visit = open_page(permissions=["clipboard-read", "clipboard-write"])
    page = visit.go(f"/v1/packages/{packages['hello']}")
    page.get_by_role("button", name="Copy: The ID").click()
    page.get_by_text("Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == packages["hello"]


def test_the_list_is_searched(open_page: Open, packages: dict[str, str]) -> None:
    visit = open_page()
    page = visit.go("/v1/packages/")
    page.get_by_role("searchbox").fill("thumb")
    page.get_by_role("button", name="Search").click()
    assert page.locator("tbody th a").all_inner_texts() == ["examples/thumbnail"]
    page.get_by_role("combobox", name="Status").select_option("failed")
    page.get_by_role("button", name="Search").click()
    assert page.get_by_text("Nothing fits.").is_visible()


def test_a_page_shows_its_twin(open_page: Open, packages: dict[str, str]) -> None:
    page = open_page().go(f"/v1/packages/{packages['hello']}")
    page.get_by_role("link", name="JSON", exact=True).click()
    assert page.evaluate("document.contentType") == "application/json"
    assert packages["hello"] in page.inner_text("body")
