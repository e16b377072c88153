"""A browser before a server with a token."""

from __future__ import annotations

from pathlib import Path

from tests.packages import model, zipped
from tests.pages.accessible import faults
from tests.pages.conftest import Open
from tests.servers import serving


def test_the_token_once_then_everything(open_page: Open, tmp_path: Path) -> None:
    with serving(tmp_path, "--engine", "process", TOKEN="secret of the house") as guarded:
        visit = open_page(guarded.address, allowed="401")
        page = visit.go("/v1/packages/?status=any")
        page.get_by_label("Token").fill("guessed")
        page.get_by_role("button", name="Sign in").click()
        assert page.get_by_text("This is not the token of this server.").is_visible()
        assert faults(page) == []
        visit.keep("sign-in-wrong-wide")
        page.get_by_label("Token").fill("secret of the house")
        page.keyboard.press("Enter")
        page.get_by_text("There is no package yet").wait_for()
        assert page.url.endswith("/v1/packages/?status=any")
        assert "$MODELSERVER_TOKEN" in page.locator("pre").inner_text()
        assert page.evaluate("document.cookie") == ""
        page.get_by_role("link", name="Upload", exact=True).click()
        file = {"name": "model.zip", "mimeType": "application/zip", "buffer": zipped(model())}
        page.locator("input[type=file]").set_input_files(file)  # type: ignore[arg-type]
        page.get_by_role("button", name="Upload", exact=True).click()
        page.locator(".title .badge.ready").wait_for()
        page.get_by_role("button", name="Sign out").click()
        page.get_by_label("Token").wait_for()
        page.wait_for_load_state()  # before the server goes
