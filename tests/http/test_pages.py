"""The same addresses in a browser: negotiation, what may run on a page, and that a stranger's markup is text."""

from __future__ import annotations

import html
import io
import re
from typing import cast

import pytest
from werkzeug.test import Client, TestResponse
from werkzeug.wrappers import Request

from modelserver.app import WHOLE, Surface, handle
from modelserver.ports import Ports
from modelserver.services import Services
from modelserver.settings import Settings
from tests.http.packages import UPLOAD, problem, upload
from tests.packages import FAILING, HELLO, model, zipped

PACKAGES = "/v1/packages/"
# What Chromium sends with a navigation.
BROWSER = {
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,image/apng,*/*;q=0.8",
    "Sec-Fetch-Site": "none",
}
MARKUP = '<script>alert("x")</script><img src=x onerror=alert(1)>'


def page(server: Client, path: str, status: int = 200, **headers: str) -> str:
    """A page as a browser gets it, after checking what guards each of them."""
    answer = server.get(path, headers={**BROWSER, **headers})
    assert answer.status_code == status, answer.get_data(as_text=True)
    guarded(answer)
    return answer.get_data(as_text=True)


def guarded(answer: TestResponse) -> None:
    assert answer.mimetype == "text/html"
    policy = dict(part.strip().split(" ", 1) for part in answer.headers["Content-Security-Policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["form-action"] == "'self'"
    assert policy["frame-ancestors"] == policy["base-uri"] == "'none'"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert "Accept" in answer.headers["Vary"]
    text = answer.get_data(as_text=True)
    assert not re.search(r"<script(?![^>]* src=)|\son[a-z]+=\"|style=\"|(href|src)=\"javascript:", text)


def published(server: Client, files: dict[str, str | bytes]) -> str:
    answer = upload(server, zipped(files))
    assert answer.status_code == 201, answer.get_data(as_text=True)
    return str(answer.get_json()["ID"])


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "application/json"),
        ("*/*", "application/json"),
        ("application/json", "application/json"),
        ("application/json, text/html", "application/json"),
        ("text/html;q=0.5, application/json", "application/json"),
        ("text/html", "text/html"),
        ("text/html, application/json;q=0.9", "text/html"),
        (BROWSER["Accept"], "text/html"),
        ("nonsense", "application/json"),
        ("text/html;q=0", "application/json"),
    ],
)
def test_accept_decides(server: Client, accept: str | None, kind: str) -> None:
    answer = server.get(PACKAGES, headers={"Accept": accept} if accept else {})
    assert answer.mimetype == kind
    assert "Accept" in answer.headers["Vary"]


def test_a_link_can_ask_for_what_programs_get(server: Client) -> None:
    answer = server.get(f"{PACKAGES}?format=json&status=any", headers=BROWSER)
    assert (answer.mimetype, answer.get_json()) == ("application/json", [])


def test_every_page_names_its_twin(server: Client) -> None:
    package = published(server, model())
    for path in (PACKAGES, f"{PACKAGES}{package}", f"{PACKAGES}{package}/log", UPLOAD):
        (twin,) = re.findall(r'<a href="([^"]+format=(?:json|text))">', page(server, path))
        answer = server.get("/" + html.unescape(twin).lstrip("./"), headers=BROWSER)
        assert (answer.status_code, answer.mimetype) in ((200, "application/json"), (200, "text/plain"))


def test_an_empty_server_says_how_to_begin(server: Client) -> None:
    shown = page(server, PACKAGES)
    assert "There is no package yet" in shown
    assert html.escape("curl -F file=@hello.zip http://localhost/v1/packages/upload") in shown


def test_the_list_is_searched_and_goes_on(server: Client) -> None:
    for number in range(3):
        published(server, model(name=f"tests/some{number}", salt=str(number)))
    published(server, model(name="tests/other"))
    shown = page(server, f"{PACKAGES}?search=SOME&limit=2")
    assert re.findall(r">(tests/\w+)</a>", shown) == ["tests/some2", "tests/some1"]
    (further,) = re.findall(r'rel="next" href="([^"]+)"', shown)
    assert re.findall(r">(tests/\w+)</a>", page(server, PACKAGES + html.unescape(further))) == ["tests/some0"]
    assert "Nothing fits" in page(server, f"{PACKAGES}?search=nowhere")
    assert "Nothing fits" in page(server, f"{PACKAGES}?architecture=gpu")
    assert "tests/other" in page(server, f"{PACKAGES}?status=&architecture=&search=")


def test_programs_search_too(server: Client) -> None:
    package = published(server, model(name="tests/some"))
    published(server, model(name="tests/other"))
    for search in ("some", "SOME", package[:7], " some "):
        assert [one["ID"] for one in server.get(PACKAGES, query_string={"search": search}).get_json()] == [package]
    assert server.get(f"{PACKAGES}?search=%25").get_json() == []
    problem(server.get(f"{PACKAGES}?architecture=tpu"), 400, "BAD_REQUEST")


def test_a_package_shows_what_is_known(server: Client) -> None:
    readme = "# Hello\n\nSee [the code](infer.py), [nothing](gone.py), [more](https://example.org/a?b=c&d)."
    examples = "examples:\n  - input: {text: you}\n    output: hello you\n"
    package = published(server, {**model(more=examples), "README.md": readme, "src/deep/a b.txt": "x" * 2000})
    shown = page(server, f"{PACKAGES}{package}")
    assert "<h3>Hello</h3>" in shown
    assert f'href="../../v1/packages/{package}/files/infer.py"' in shown
    assert "gone.py" not in shown
    assert 'href="https://example.org/a?b=c&amp;d" rel="nofollow noopener noreferrer"' in shown
    assert f"{package}/files/src/deep/a%20b.txt" in shown
    assert "2.0 kB" in shown
    assert "hello you" in shown
    assert "git rev-parse HEAD:path/to/model" in shown
    assert "==&gt; unpack" in shown
    assert f"http://localhost/v1/packages/{package}/infer" in shown


def test_markup_of_a_stranger_is_text(server: Client) -> None:
    readme = (
        f"{MARKUP}\n\n[a](javascript:alert(1)) [b](data:text/html,x) [c](//evil.example/) [d](/v1/sign-out)"
        f' ![e](https://evil.example/p.png) ![f](x.svg "{MARKUP}") <{MARKUP}> `{MARKUP}`'
        "\n\n<style>*{display:none}</style>\n\n[g]: javascript:alert(1)\n[g]\n\n"
        "```html\n</code></pre><script>1</script>\n```\n"
    )
    code = f'class Model:\n    """{MARKUP}"""\n    def run(self, text: str = {MARKUP!r}) -> str:\n        return text\n'
    files = {**model(code, more=f"examples:\n  - input: {{text: '{MARKUP}'}}\n"), "README.md": readme, "x.svg": MARKUP}
    package = published(server, {**files, f"{MARKUP.replace('/', '_')}.txt": MARKUP})
    shown = page(server, f"{PACKAGES}{package}")
    assert "<script>" not in shown.replace("<script src", "")
    assert "<img src=x" not in shown
    assert "<style" not in shown
    assert not re.search(r'(href|src)="(javascript|data|//evil|/v1/sign-out)', shown)
    assert "evil.example/p.png" in shown  # as a link, not as a picture
    assert not re.search(r"<img[^>]*evil", shown)
    assert MARKUP not in page(server, f"{PACKAGES}{package}/files/infer.py")
    assert MARKUP not in page(server, f"{PACKAGES}?search={MARKUP}")
    assert MARKUP not in page(server, f"{PACKAGES}{MARKUP.replace('/', '_')}", 404)
    assert MARKUP not in page(server, f"{PACKAGES}?status={MARKUP}", 400)


def test_a_readme_that_is_no_markdown_is_text(server: Client) -> None:
    package = published(server, {**model(), "README.txt": f"*not bold* {MARKUP}"})
    assert html.escape(f"*not bold* {MARKUP}") in page(server, f"{PACKAGES}{package}").replace("&#34;", "&quot;")


@pytest.mark.parametrize("content", [b"\xff\xfe\x00bad", b"x" * 200_000])
def test_a_readme_that_cannot_be_shown_says_so(server: Client, content: bytes) -> None:
    package = published(server, {**model(), "README.md": content})
    assert re.search(r"\(README.md (is no UTF-8 text|has 200,000 bytes)", page(server, f"{PACKAGES}{package}"))


def test_a_file_is_a_page_for_people_and_bytes_for_programs(server: Client) -> None:
    package = published(server, {**model(), "a.svg": MARKUP, "a.html": MARKUP, "p.png": b"\x89PNG", "b c.txt": "text"})
    at = f"{PACKAGES}{package}/files"
    for name in ("a.svg", "a.html"):
        raw = server.get(f"{at}/{name}", headers={"Accept": "image/avif,image/webp,*/*;q=0.8"})
        assert (raw.mimetype, raw.get_data(as_text=True)) == ("application/octet-stream", MARKUP)
        assert "sandbox" in raw.headers["Content-Security-Policy"]
        assert html.escape(MARKUP, quote=False) in page(server, f"{at}/{name}").replace("&#34;", '"')
    assert server.get(f"{at}/p.png").mimetype == "image/png"
    assert '<img src="' in page(server, f"{at}/p.png")
    assert server.get(f"{at}/b%20c.txt").get_data() == b"text"
    assert server.get(f"{at}/b%20c.txt").content_length == 4
    assert "infer.py" in problem(server.get(f"{at}/gone.py"), 404, "NOT_FOUND")["detail"]
    assert "There is nothing here" in page(server, f"{at}/../jid.yaml", 404)


def test_a_problem_is_a_page(server: Client) -> None:
    assert "No package has this ID" in page(server, f"{PACKAGES}{'0' * 40}", 404)
    assert "There is nothing here" in page(server, "/nowhere/at/all", 404)
    answer = server.delete(PACKAGES, headers=BROWSER)
    assert answer.status_code == 405
    assert answer.headers["Allow"]
    guarded(answer)


def test_a_form_without_scripts_uploads(server: Client) -> None:
    def send(data: bytes) -> TestResponse:
        headers = {**BROWSER, "Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}
        return server.post(UPLOAD, data={"file": (io.BytesIO(data), "model.zip")}, headers=headers)

    answer = send(zipped(model()))
    assert answer.status_code == 303
    package = answer.headers["Location"].rpartition("/")[2]
    assert server.get(f"{PACKAGES}{package}").get_json()["ID"] == package
    answer = send(zipped({"jid.yaml": f"name: UPPER\nmodel: '{MARKUP}'\n", "infer.py": ""}))
    assert answer.status_code == 422, answer.get_data(as_text=True)
    guarded(answer)
    shown = answer.get_data(as_text=True)
    assert "/name, line 1" in shown
    assert "/model, line 2" in shown
    assert MARKUP not in shown
    assert send(b"").status_code == 400


def test_a_failed_package_says_why(server: Client) -> None:
    answer = upload(server, zipped(model(FAILING)))
    package = answer.get_json(force=True)["ID"]
    shown = page(server, f"{PACKAGES}{package}")
    assert "The model did not pass its test" in shown
    assert "out of cheese" in shown
    assert "data-run" not in shown


def test_what_changed_is_a_page(server: Client) -> None:
    narrower = HELLO.replace("text: str = ", "more: int, text: str = ")
    old = published(server, {**model(), "gone.txt": "x"})
    example = "examples:\n  - input: {more: 1}\n"
    new = published(server, {**model(narrower, more=example), "<b>.txt": "y"})
    assert f"{old}/diff/{new}" in page(server, f"{PACKAGES}{new}")
    shown = page(server, f"{PACKAGES}{old}/diff/{new}")
    assert "breaking" in shown
    assert "gone.txt" in shown
    assert "&lt;b&gt;.txt" in shown
    assert "Whoever calls the first can call the second" in page(server, f"{PACKAGES}{old}/diff/{old}")
    assert "No package has this ID" in page(server, f"{PACKAGES}{old}/diff/{'0' * 40}", 404)


def test_stages_are_told_with_their_time(server: Client) -> None:
    package = published(server, model())
    stages = re.findall(r"<li><span>([^<]+)</span><span>([^<]+)</span>", page(server, f"{PACKAGES}{package}"))
    assert [name for name, _ in stages][-3:] == ["unpack", "environment process-cpu", "test process-cpu"]
    assert all(re.fullmatch(r"< 1 ms|[\d.]+ m?s", html.unescape(seconds)) for _, seconds in stages), stages


def test_a_name_leads_to_its_newest_package(server: Client) -> None:
    package = published(server, model(name="tests/named"))
    answer = server.get("/v1/models/tests/named", headers=BROWSER, follow_redirects=True)
    assert answer.request.path == f"{PACKAGES}{package}"
    guarded(answer)
    assert "No package called" in page(server, "/v1/models/tests/nobody", 404)


def test_a_deleted_package_is_a_page_that_says_so(server: Client) -> None:
    package = published(server, model())
    assert server.delete(f"{PACKAGES}{package}").status_code == 204
    for path in ("", "/log", "/files/infer.py"):
        assert "No package has this ID" in page(server, f"{PACKAGES}{package}{path}", 404)


def test_assets_are_cached_for_good_and_named_by_content(server: Client) -> None:
    shown = page(server, PACKAGES)
    names = re.findall(r'"\.\./\.\./(v1/assets/[^"]+)"', shown)
    assert len(names) >= 3
    for name in names:
        answer = server.get(f"/{name}")
        assert "immutable" in answer.headers["Cache-Control"]
        assert answer.mimetype in ("text/css", "text/javascript", "image/svg+xml")
    problem(server.get("/v1/assets/style.000000000000.css"), 404, "NOT_FOUND")
    problem(server.get("/v1/assets/../app.py"), 404, "NOT_FOUND")


def test_the_root_leads_to_the_list(server: Client) -> None:
    answer = server.get("/", headers=BROWSER, follow_redirects=True)
    assert (answer.status_code, answer.request.path) == (200, PACKAGES)


def test_a_function_with_an_address_of_its_own_shows_no_pages() -> None:
    services = Services(cast(Ports, None), Settings())
    for surface, kind in (
        (Surface(("endpoints.get",), PACKAGES), "application/problem+json"),
        (WHOLE, "text/html"),
    ):
        answer = handle(Request.from_values("/v1/nowhere", headers=BROWSER), lambda: services, surface)
        assert (answer.status_code, answer.mimetype) == (404, kind)
