"""What changed between the files and between the configs of two packages."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from modelserver.archive import Archive, File
from modelserver.jsontypes import JSON, Object

_MOST_READ = 4 * 1024**3  # bytes of both packages, unpacked: seconds of a core
_MOST_SHOWN = 1000

Known = Mapping[str, tuple[File, str]]


def file_changes(old: Archive, new: Archive, threads: int) -> Object:
    """{"Added", "Removed", "Changed", "Unchanged", "By"}: files by their blobs' IDs, as git names them.

    Of packages that are too large to be read for it, by size and checksum. Raises InvalidPackage.
    """
    by_blob = sum(file.size for file in (*old.files, *new.files)) <= _MOST_READ
    before, after = (_known(archive, by_blob, threads) for archive in (old, new))
    changed: list[JSON] = [
        {"Path": path, "From": _shown(before[path]), "To": _shown(after[path])}
        for path in sorted(set(before) & set(after))
        if _mark(before[path]) != _mark(after[path])
    ]
    return {
        "Added": _listed(after, set(after) - set(before)),
        "Removed": _listed(before, set(before) - set(after)),
        "Changed": changed[:_MOST_SHOWN],
        "Unchanged": len(set(before) & set(after)) - len(changed),
        "More": sum(max(0, count - _MOST_SHOWN) for count in _counts(before, after, len(changed))),
        "By": "blob" if by_blob else "size and checksum",
    }


def config_changes(old: Object, new: Object) -> list[Object]:
    """Each value that differs, by its path (`Environment/PythonVersion`). null: it was not there."""
    before, after = dict(_leaves(old)), dict(_leaves(new))
    paths = dict.fromkeys([*before, *after])
    return [
        {"Path": path, "From": before.get(path), "To": after.get(path)}
        for path in paths
        if before.get(path) != after.get(path)
    ]


def _known(archive: Archive, by_blob: bool, threads: int) -> Known:
    if by_blob:
        return {file.path: (file, blob.hex()) for file, blob in archive.blobs(threads)}
    return {file.path: (file, "") for file in archive.files}


def _mark(known: tuple[File, str]) -> tuple[object, ...]:
    file, blob = known
    return (blob, file.executable) if blob else (file.size, file.crc, file.executable)


def _listed(known: Known, paths: set[str]) -> list[JSON]:
    return [{"Path": path, **_shown(known[path])} for path in sorted(paths)[:_MOST_SHOWN]]


def _counts(before: Known, after: Known, changed: int) -> tuple[int, int, int]:
    return len(set(after) - set(before)), len(set(before) - set(after)), changed


def _shown(known: tuple[File, str]) -> Object:
    file, blob = known
    return {"Size": file.size, "Executable": file.executable, **({"Blob": blob} if blob else {})}


def _leaves(value: JSON, path: str = "") -> Iterator[tuple[str, JSON]]:
    """Lists are values: where a package stands among others means nothing."""
    if isinstance(value, dict):
        for key, member in value.items():
            yield from _leaves(member, f"{path}/{key}" if path else key)
    else:
        yield path, value
