"""The files of a package, as its page shows them: a list, the readme, jid.yaml as it was uploaded."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from markupsafe import Markup

from modelserver.archive import CONFIG, Archive, File
from modelserver.contents import opened
from modelserver.errors import InvalidPackage, Unavailable
from modelserver.package import Package
from modelserver.services import Services

_MOST_LISTED = 300
_MOST_TEXT = 128 * 1024
_MOST_MARKDOWN = 64 * 1024  # what is made to take long takes half a second; a longer text is shown as it is
_READMES = ("readme.md", "readme.markdown", "readme.txt", "readme.rst", "readme")
_MARKDOWN = (".md", ".markdown")


@dataclass(frozen=True)
class Contents:
    """listed: of `count` files with `size` bytes together. readme: text, or Markup made of Markdown.

    trouble: why there is nothing, when the zip cannot be read.
    """

    listed: tuple[File, ...] = ()
    count: int = 0
    size: int = 0
    readme_path: str = ""
    readme: str | Markup = ""
    uploaded: str = ""
    trouble: str = ""
    paths: frozenset[str] = field(default=frozenset(), repr=False)


def contents_of(services: Services, package: Package, locate: Callable[[str], str]) -> Contents:
    """locate: the address of a file of the package. Raises PackageNotFound if it is gone by now."""
    try:
        with opened(services, package) as archive:
            return _contents(archive, locate)
    except (InvalidPackage, Unavailable) as problem:
        return Contents(trouble=problem.detail)


def _contents(archive: Archive, locate: Callable[[str], str]) -> Contents:
    files = sorted(archive.files, key=lambda file: (file.path.count("/") > 0, file.path))
    paths = frozenset(file.path for file in files)
    path = _readme_path(paths)
    return Contents(
        listed=tuple(files[:_MOST_LISTED]),
        count=len(files),
        size=sum(file.size for file in files),
        readme_path=path,
        readme=_readme(text_of(archive, path), path, paths, locate) if path else "",
        uploaded=text_of(archive, CONFIG),
        paths=paths,
    )


def text_of(archive: Archive, path: str) -> str:
    """The file as text, or a sentence in brackets where it is none that can be shown. Raises KeyError."""
    file = archive.find(path)
    if file is None:
        raise KeyError(path)
    if file.size > _MOST_TEXT:
        return f"({path} has {file.size:,} bytes, too many to show here.)"
    try:
        return archive.read(path, _MOST_TEXT).decode("utf-8-sig")
    except UnicodeDecodeError:
        return f"({path} is no UTF-8 text.)"


def _readme_path(paths: frozenset[str]) -> str:
    """At the top, in whatever case."""
    found = {path.lower(): path for path in sorted(paths) if "/" not in path}
    return next((found[name] for name in _READMES if name in found), "")


def _readme(text: str, path: str, paths: frozenset[str], locate: Callable[[str], str]) -> str | Markup:
    if not path.lower().endswith(_MARKDOWN) or len(text) > _MOST_MARKDOWN:
        return text
    from modelserver.pages.readme import readme_html

    return readme_html(text, paths, locate)
