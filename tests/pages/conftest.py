"""The pages in a real Chromium, from a real server with real packages. Screenshots are kept in .screens/."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.pages.packages import EXAMPLES, example
from tests.parts import Part, met
from tests.servers import ROOT, Server, serving

_CHROMIUM = "/usr/bin/chromium"
_ARGUMENTS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_SCREENS = ROOT / ".screens"
_PATIENCE = 60_000  # milliseconds that something may take to appear, on a busy machine


@dataclass
class Visit:
    """One page, opened as a person would. said: what the browser had to complain of, such as a broken policy."""

    page: Page
    address: str
    said: list[str] = field(default_factory=list)

    def go(self, path: str) -> Page:
        self.page.goto(self.address + path)
        return self.page

    def keep(self, name: str) -> None:
        """A screenshot for looking at."""
        _SCREENS.mkdir(exist_ok=True)
        self.page.evaluate("scrollTo(0, 0)")
        self.page.screenshot(path=_SCREENS / f"{name}.png", full_page=True)


Open = Callable[..., Visit]


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    if not Path(_CHROMIUM).exists():
        reason = f"{_CHROMIUM} is missing: tests/pages/start.sh installs it"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=_CHROMIUM, args=list(_ARGUMENTS))
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """With the examples, which no test changes."""
    with serving(tmp_path_factory.mktemp("pages"), "--engine", "process") as started:
        yield started


@pytest.fixture(scope="session")
def packages(server: Server) -> dict[str, str]:
    """Name of an example to its package's ID."""
    found = {}
    for name in EXAMPLES:
        answer = server.upload(example(name))
        assert answer.status_code == 201, answer.text
        found[name] = answer.json()["ID"]
    return found


@pytest.fixture
def open_page(browser: Browser, server: Server) -> Iterator[Open]:
    """open_page(width=390, color_scheme="dark") is a new window; what it complains of fails the test."""
    visits: list[Visit] = []

    def begin(address: str = "", width: int = 1280, height: int = 800, allowed: str = "", **options: Any) -> Visit:
        met(Part.CHROMIUM, Part.PROCESS)
        context = browser.new_context(viewport={"width": width, "height": height}, **options)
        context.set_default_timeout(_PATIENCE)
        visit = Visit(context.new_page(), address or server.address)
        visit.page.on("console", lambda message: _hear(visit, message, allowed))
        visit.page.on("pageerror", lambda error: visit.said.append(str(error)))
        visits.append(visit)
        return visit

    yield begin
    for visit in visits:
        visit.page.context.close()
    assert [said for visit in visits for said in visit.said] == []


def _hear(visit: Visit, message: Any, allowed: str) -> None:
    """allowed: a part of what a test expects Chromium to note, such as the status of an answer."""
    if message.type in ("error", "warning") and not (allowed and allowed in message.text):
        visit.said.append(f"{message.text} ({message.location.get('url', '')})")


@pytest.fixture(scope="session", autouse=True)
def _fresh_screens() -> None:
    shutil.rmtree(_SCREENS, ignore_errors=True)
