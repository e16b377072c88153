"""The build context as a tar file, read back by Python's own reader."""

from __future__ import annotations

import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path

import pytest

from local.context import context
from modelserver.archive import Limits, open_archive
from modelserver.memory import MemoryReader
from tests.packages import model, record

RUNTIME = Path(__file__).parents[2] / "runtime" / "jid"


def built(files: Mapping[str, str | bytes], executable: str = "") -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for path, content in files.items():
            entry = zipfile.ZipInfo(path)
            entry.external_attr = (0o100755 if path == executable else 0o100644) << 16
            archive.writestr(entry, content)
    archive_read = open_archive(MemoryReader(packed.getvalue()), Limits(1000, 1 << 30, 1000))
    return b"".join(context(record(7), archive_read, "FROM base\n", RUNTIME))


def entries(data: bytes) -> dict[str, tarfile.TarInfo]:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        return {entry.name: entry for entry in tar}


def content(data: bytes, name: str) -> bytes:
    with tarfile.open(fileobj=io.BytesIO(data)) as tar:
        file = tar.extractfile(name)
        assert file
        return file.read()


@pytest.mark.parametrize("size", [0, 1, 511, 512, 513, 1 << 20])
def test_files_of_every_size_come_out_as_they_went_in(size: int) -> None:
    data = built({**model(), "weights.bin": b"\x01" * size, "after.txt": "after"})
    assert content(data, "model/src/weights.bin") == b"\x01" * size
    assert content(data, "model/src/after.txt") == b"after"
    assert content(data, "Dockerfile") == b"FROM base\n"


def test_long_and_unicode_names_survive() -> None:
    names = ["d" * 200 + "/" + "f" * 200, "größe/ñ.txt", "a b/'c\" $d.txt", "x" * 100]
    assert {f"model/src/{name}" for name in names} <= entries(built({**model(), **dict.fromkeys(names, "x")})).keys()


def test_every_folder_is_named_before_its_files_and_open_to_all() -> None:
    found = entries(built({**model(), "a/b/c.txt": "c"}))
    order = list(found)
    for folder in ("model", "model/src", "model/src/a", "model/src/a/b", "runtime/jid"):
        assert (found[folder].isdir(), found[folder].mode) == (True, 0o755)
        assert all(order.index(folder) < order.index(name) for name in order if name.startswith(folder + "/"))


def test_nothing_of_this_machine_or_moment_is_in_it() -> None:
    files = {**model(), "run.sh": "#!/bin/sh"}
    data = built(files, executable="run.sh")
    assert data == built(files, executable="run.sh")
    found = entries(data)
    assert {(entry.uid, entry.gid, entry.mtime) for entry in found.values()} == {(0, 0, 0)}
    assert (found["model/src/run.sh"].mode, found["model/src/infer.py"].mode) == (0o755, 0o644)
    assert not [name for name in found if "__pycache__" in name]


def test_the_runtime_learns_what_it_serves() -> None:
    data = built(model())
    about = json.loads(content(data, "model/jid.json"))
    assert about == {"ID": str(record(7).id), "Name": "tests/hello", "Model": "infer.py:Model", "Examples": []}
    assert "runtime/jid/__main__.py" in entries(data)
