"""What is in a package's zip, file by file, for whoever wants to look and not to build."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from modelserver.archive import Archive, File, look_into
from modelserver.errors import NotFound, TooLarge
from modelserver.package import Package
from modelserver.services import Services

_FIRST = 100
_SHOWN_NAME = 200


@contextmanager
def opened(services: Services, package: Package) -> Iterator[Archive]:
    """The package's archive. Raises PackageNotFound, Unavailable; InvalidPackage if the zip has been damaged."""
    reader = services.catalog.open_zip(package)
    try:
        yield look_into(reader)
    finally:
        reader.close()


def found(archive: Archive, path: str) -> File:
    """Raises NotFound, with what there is."""
    file = archive.find(path)
    if file is None:
        some = ", ".join(each.path for each in archive.files[:_FIRST])
        raise NotFound(f"The package has no file {path[:_SHOWN_NAME]!r}. It has {some[:1000]}.")
    return file


@dataclass(frozen=True)
class Stream:
    """One file on its way. size: bytes. close: to be called when nobody reads on."""

    size: int
    chunks: Iterator[bytes]
    close: Callable[[], None]


def stream(services: Services, package: Package, path: str) -> Stream:
    """Raises NotFound, and TooLarge for what an answer of this server cannot hold."""
    with ExitStack() as stack:
        archive = stack.enter_context(opened(services, package))
        file = found(archive, path)
        if file.size > services.settings.max_direct:
            raise TooLarge(f"The file has {file.size:,} bytes; get the zip: /v1/packages/{package.id}.zip")
        return Stream(file.size, archive.stream(file), stack.pop_all().close)
