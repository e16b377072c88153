"""WCAG 2.2 AA as far as a machine can tell: axe-core, and that nothing is cut off on a narrow screen."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page

_RULES: dict[str, Any] = {
    "resultTypes": ["violations"],
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
}


def faults(page: Page) -> list[str]:
    """Each rule that is broken, with the elements that break it."""
    found = Axe().run(page, options=_RULES).response["violations"]
    return [f"{each['id']}: {[node['html'][:200] for node in each['nodes']]}" for each in found]


def is_cut_off(page: Page) -> bool:
    """Whether one must scroll sideways to read it."""
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))
