"""A recipe, and the context that a build lays out from it: the one that local mode streams to Docker."""

from __future__ import annotations

import hashlib
import io
import json
import stat
import subprocess
import sys
import tarfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from local.context import context
from modelserver.archive import open_archive
from modelserver.gcp.recipe import recipe
from modelserver.memory import MemoryReader
from modelserver.package import Package
from tests.engines import LIMITS
from tests.packages import record, zipped

ROOT = Path(__file__).parents[2]
RUNTIME = ROOT / "runtime" / "jid"
FILES: dict[str, str | bytes] = {
    "jid.yaml": "name: tests/hello\nmodel: infer.py:Model\n",
    "infer.py": "class Model: ...\n",
    "weights/large.bin": b"0123456789" * 300_000,
    "weights/empty": b"",
    "\u00fcml\u00e4ut \u96ea/a b.txt": "text",
}


def _recipe(data: bytes, package: Package) -> bytes:
    archive = open_archive(MemoryReader(data), LIMITS)
    return recipe(package, archive, "gs://bucket/packages/a.zip#7", {"cpu": "FROM python\n"}, RUNTIME)


def _package(data: bytes) -> Package:
    return replace(record(5), build="0" * 32, upload="a", sha256=hashlib.sha256(data).hexdigest())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """As it stands when lay.py is started: recipe/ and package.zip."""
    data = zipped(FILES)
    (tmp_path / "package.zip").write_bytes(data)
    with tarfile.open(fileobj=io.BytesIO(_recipe(data, _package(data)))) as tar:
        tar.extractall(tmp_path / "recipe", filter="data")
    return tmp_path


def _lay(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", "recipe/lay.py", "package.zip", "recipe", "context"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_the_context_is_the_one_of_local_mode(folder: Path) -> None:
    laid = _lay(folder)
    assert laid.returncode == 0, laid.stderr
    data = (folder / "package.zip").read_bytes()
    archive = open_archive(MemoryReader(data), LIMITS)
    stream = b"".join(context(_package(data), archive, "FROM python\n", RUNTIME))
    with tarfile.open(fileobj=io.BytesIO(stream)) as tar:
        expected = {member.name: (member.mode, _content(tar, member)) for member in tar if member.isfile()}
    del expected["Dockerfile"]  # which the build names with --file
    found = {
        path.relative_to(folder / "context").as_posix(): (stat.S_IMODE(path.stat().st_mode), path.read_bytes())
        for path in (folder / "context").rglob("*")
        if path.is_file()
    }
    assert found == expected


def _content(tar: tarfile.TarFile, member: tarfile.TarInfo) -> bytes:
    file = tar.extractfile(member)
    assert file
    return file.read()


def test_the_judge_needs_nothing_but_what_travels_with_it(folder: Path) -> None:
    """An image that cannot be judged is refused like one that failed: nobody would see why."""
    said = folder / "tests" / "cpu"
    said.mkdir(parents=True)
    (said / "report").write_text(json.dumps({"Passed": True, "Examples": [], "Schema": {"Input": {}}}))
    (said / "said").write_text("")
    (said / "state").write_text("0 false false\n")
    environment = {"BUILDER_OUTPUT": str(folder), "TEST_TIMEOUT": "1", "TEST_MEMORY": "1"}
    command = [sys.executable, "-E", "-s", "recipe/judge.py", "tests", "cpu"]
    judged = subprocess.run(command, cwd=folder, capture_output=True, text=True, env=environment)
    assert judged.returncode == 0, judged.stderr
    assert json.loads((folder / "output").read_text())["Tested"] == ["cpu"]


def test_the_same_package_has_the_same_recipe() -> None:
    data = zipped(FILES)
    assert _recipe(data, _package(data)) == _recipe(data, _package(data))


def test_the_zip_itself_is_not_in_it() -> None:
    data = zipped({**FILES, "noise": hashlib.sha512(b"x").digest() * 50_000})
    assert len(_recipe(data, _package(data))) < 200_000


def test_it_says_where_the_very_zip_is(folder: Path) -> None:
    assert (folder / "recipe" / "zip.url").read_text() == "gs://bucket/packages/a.zip#7"
    assert (folder / "recipe" / "Dockerfile.cpu").read_text() == "FROM python\n"


def _swap(folder: Path) -> None:
    (folder / "package.zip").write_bytes(zipped({**FILES, "infer.py": "import evil\n"}))


def _cut(folder: Path) -> None:
    path = folder / "package.zip"
    path.write_bytes(path.read_bytes()[:-1])


def _manifest(change: Callable[[dict[str, object]], object]) -> Callable[[Path], None]:
    """Changes the first member's entry, as somebody who can write recipes could."""

    def apply(folder: Path) -> None:
        path = folder / "recipe" / "manifest.json"
        manifest = json.loads(path.read_text())
        change(manifest["Members"][0])
        path.write_text(json.dumps(manifest))

    return apply


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        (_swap, "not the one that was checked"),
        (_cut, "not the one that was checked"),
        (lambda folder: (folder / "package.zip").unlink(), "package.zip"),
        (_manifest(lambda member: member.update(path="../../evil")), "no path inside the package"),
        (_manifest(lambda member: member.update(path="/etc/passwd")), "no path inside the package"),
        (_manifest(lambda member: member.update(path="a//b")), "no path inside the package"),
        (_manifest(lambda member: member.update(path="a\0b")), "no path inside the package"),
        (_manifest(lambda member: member.update(path="infer.py")), "infer.py"),
        (_manifest(lambda member: member.update(crc=1)), "size or checksum differs"),
        (_manifest(lambda member: member.update(size=1)), "size or checksum differs"),
        (_manifest(lambda member: member.update(start=0)), "cannot be laid out"),
        (_manifest(lambda member: member.update(packed=3)), "cannot be laid out"),
        (_manifest(lambda member: member.update(deflated=False)), "size or checksum differs"),
    ],
)
def test_what_is_not_as_it_was_checked_ends_the_build(folder: Path, damage: Callable[[Path], None], words: str) -> None:
    damage(folder)
    laid = _lay(folder)
    assert laid.returncode == 1
    assert words in laid.stderr
    assert "Traceback" not in laid.stderr
