"""A package's readme as HTML that is ours: Markdown in, a handful of elements out, nothing of the author's markup.

markdown-it-py with html off writes every tag in the text as text. Links may lead to http, https and mailto, and into
the package's own files; images are shown only from there. The rest stays as its words.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Callable, Sequence, Set
from functools import cache
from typing import Any
from urllib.parse import quote, unquote

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

_SCHEME = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*:")
_OUTSIDE = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
_DEEPER = 2  # a readme's first heading stands below ours
_LOWEST = 6
_IMAGES = (".gif", ".jpeg", ".jpg", ".png", ".webp")

Locate = Callable[[str], str]


def readme_html(text: str, paths: Set[str], locate: Locate) -> Markup:
    """paths: the package's files. locate: the address of one of them."""
    tokens = _markdown().parse(text)
    for token in tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1:]) + _DEEPER, _LOWEST)}"
        if token.children:
            token.children = _safe(token.children, paths, locate)
    return Markup(_markdown().renderer.render(tokens, _markdown().options, {}))  # noqa: S704  made of our own elements


@cache
def _markdown() -> MarkdownIt:
    made = MarkdownIt("commonmark", {"html": False, "maxNesting": 20}).enable(["table", "strikethrough"])
    for kind in ("fence", "code_block"):
        made.add_render_rule(kind, _code)
    made.validateLink = lambda url: not _SCHEME.match(url) or bool(_OUTSIDE.match(url))  # type: ignore[method-assign]
    return made


def _code(renderer: Any, tokens: Sequence[Token], place: int, options: Any, environment: Any) -> str:
    """What is too wide for the page can be scrolled to with the keyboard."""
    return f'<pre tabindex="0"><code>{escape(tokens[place].content)}</code></pre>\n'


def _safe(tokens: list[Token], paths: Set[str], locate: Locate) -> list[Token]:
    kept: list[Token] = []
    dropped: list[bool] = []
    for token in tokens:
        if token.type == "link_open":
            dropped.append(not _led(token, paths, locate))
        if token.type in ("link_open", "link_close"):
            gone = dropped.pop() if token.type == "link_close" else dropped[-1]
            kept += [] if gone else [token]
        else:
            kept += _image(token, paths, locate) if token.type == "image" else [token]
    return kept


def _led(token: Token, paths: Set[str], locate: Locate) -> bool:
    """Whether the link leads somewhere; it is set to where."""
    address = _address(str(token.attrs.get("href", "")), paths, locate)
    token.attrs = {"href": address, "rel": "nofollow noopener noreferrer"}
    return bool(address)


def _image(token: Token, paths: Set[str], locate: Locate) -> list[Token]:
    source = str(token.attrs.get("src", ""))
    address = _address(source, paths, locate)
    if address and not _OUTSIDE.match(source) and source.lower().endswith(_IMAGES):
        token.attrs = {"src": address, "alt": "", "loading": "lazy"}
        return [token]
    words = Token("text", "", 0, content=token.content or source)
    if not address:
        return [words]
    attributes: dict[str, Any] = {"href": address, "rel": "nofollow noopener noreferrer"}
    return [Token("link_open", "a", 1, attrs=attributes), words, Token("link_close", "a", -1)]


def _address(url: str, paths: Set[str], locate: Locate) -> str:
    """Where a link may lead, or ""."""
    if _OUTSIDE.match(url):
        return quote(url, safe=":/?#[]@!$&'()*+,;=%~")
    path = posixpath.normpath(unquote(url.partition("#")[0].partition("?")[0]))
    return locate(path) if path in paths else ""
