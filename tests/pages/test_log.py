"""The log of a build while it is read: by one, by ten, until its end, and when the package goes away."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.packages import SLEEPING, model, zipped
from tests.pages.conftest import Open
from tests.pages.packages import slow
from tests.servers import Server, serving


def test_a_log_is_live_on_its_own_page(open_page: Open, server: Server) -> None:
    package = server.upload(slow(3.0, salt="alone"), "respond-async").json()["ID"]
    visit = open_page()
    page = visit.go(f"/v1/packages/{package}/log")
    page.get_by_text("loading part 2").wait_for()
    assert page.locator(".stages .now").inner_text().split("\n") == ["test process-cpu", "now"]
    assert page.locator(".title .badge.building").count() == 1
    visit.keep("log-live-wide")
    page.locator(".title .badge.ready").wait_for()
    assert "loading part 9" in page.locator("main pre").inner_text()


def test_ten_read_one_log_and_all_of_it(server: Server) -> None:
    package = server.upload(slow(1.5, salt="ten"), "respond-async").json()["ID"]
    with ThreadPoolExecutor(10) as pool:
        texts = list(pool.map(lambda _: server.get(f"/v1/packages/{package}/log?follow=1").text, range(10)))
    assert set(texts) == {server.get(f"/v1/packages/{package}/log").text}
    assert "loading part 9" in texts[0]


def test_a_package_that_is_deleted_while_its_log_is_read(open_page: Open, server: Server) -> None:
    package = server.upload(zipped(model(SLEEPING, name="tests/sleeping")), "respond-async").json()["ID"]
    page = open_page(allowed="404").go(f"/v1/packages/{package}")
    page.get_by_text("==> test process-cpu").wait_for()
    assert server.delete(f"/v1/packages/{package}").status_code == 204
    page.get_by_text("This package has been deleted meanwhile.").wait_for()


def test_when_too_many_follow_the_page_looks_again_by_itself(open_page: Open, tmp_path: Path) -> None:
    with serving(tmp_path, "--engine", "process", MAX_WAITING="1") as narrow:
        package = narrow.upload(slow(6.0, salt="crowded"), "respond-async").json()["ID"]
        with ThreadPoolExecutor(1) as pool:
            first = pool.submit(narrow.get, f"/v1/packages/{package}/log?follow=1")
            narrow.await_log(package, "loading part 1")
            page = open_page(narrow.address, allowed="503").go(f"/v1/packages/{package}")
            page.get_by_text("The log cannot be followed now (503)").wait_for()
            page.locator(".title .badge.ready").wait_for()
            assert "loading part 9" in first.result().text
            page.wait_for_load_state()  # before the server goes
