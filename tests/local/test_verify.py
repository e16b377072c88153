"""`python -m local verify`: whatever is damaged is found and named, and nothing else is."""

from __future__ import annotations

import hashlib
import io
import os
import shutil
import sqlite3
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from contextlib import closing, redirect_stderr, redirect_stdout
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from local.__main__ import main
from local.audit import is_running
from tests.packages import FAILING, HELLO, model, zipped
from tests.servers import ROOT, serving


@dataclass(frozen=True)
class Folder:
    """A data folder with a package that is ready and one that failed; its server has ended.

    copy: of the folder as it was then. ready: that package, as answered; data: its zip.
    """

    path: Path
    copy: Path
    ready: dict[str, Any]
    data: bytes

    def verify(self, *words: str) -> tuple[int, str]:
        return verify(self.path, *words)

    @property
    def id(self) -> str:
        return str(self.ready["ID"])

    @property
    def zip(self) -> Path:
        """As it lies in the store."""
        return next(path for path in self.path.glob("packages/*.zip") if path.stat().st_size > 200_000)

    @property
    def place(self) -> Path:
        return self.path / "processes" / self.id

    def change(self, statement: str, *values: str) -> None:
        with closing(sqlite3.connect(self.path / "packages.sqlite", isolation_level=None)) as records:
            records.execute(statement, values)


def verify(data: Path, *words: str) -> tuple[int, str]:
    said = io.StringIO()
    with redirect_stdout(said), redirect_stderr(said):
        status = main(["verify", "--data", str(data), *words])
    return status, said.getvalue()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Folder:
    path, copy = (tmp_path_factory.mktemp("verify") / name for name in ("data", "copy"))
    data = zipped({**model(salt=os.urandom(8).hex()), "weights.bin": os.urandom(200_000)})
    with serving(path.parent, "--engine", "process") as server:
        ready = server.upload(data).json()
        assert server.upload(zipped(model(FAILING))).status_code == 422
    shutil.copytree(path, copy, symlinks=True)
    return Folder(path, copy, ready, data)


@pytest.fixture
def folder(made: Folder) -> Folder:
    shutil.rmtree(made.path)
    shutil.copytree(made.copy, made.path, symlinks=True)
    return made


def test_a_sound_folder_is_sound_and_looking_changes_nothing(folder: Folder) -> None:
    before = _everything(folder.path)
    status, said = folder.verify()
    assert (status, said.splitlines()[-1]) == (0, "all sound"), said
    assert "2 packages (1 ready, 0 building, 1 failed)" in said
    assert _everything(folder.path) == before


def _everything(folder: Path) -> dict[str, tuple[int, int]]:
    return {str(path): (path.lstat().st_mtime_ns, path.lstat().st_size) for path in folder.rglob("*")}


def _flip(path: Path, offset: int = -100_000) -> None:
    """One bit, somewhere in the middle."""
    data = bytearray(path.read_bytes())
    data[offset] ^= 1
    path.chmod(0o644)
    path.write_bytes(data)


_DAMAGE: dict[str, Callable[[Folder], object]] = {
    "has SHA-256": lambda folder: _flip(folder.zip),
    "has 7 bytes": lambda folder: folder.zip.write_bytes(b"PK\x03\x04..."),
    "is not there": lambda folder: folder.zip.unlink(),
    "the log of its build is not there": lambda folder: (folder.path / "builds").rename(folder.path / "gone"),
    "its record is not what": lambda folder: [
        path.write_text(path.read_text().replace('"Passed": true', '"Passed": false'))
        for path in folder.path.glob("builds/*/outcome.json")
    ],
    "cannot be read": lambda folder: [path.write_text("{") for path in folder.path.glob("builds/*/outcome.json")],
    "is no program": lambda folder: (folder.place / "venv/bin/python").unlink(),
    "infer.py in its environment is not": lambda folder: (folder.place / "model/src/infer.py").write_text(HELLO),
    "jid.json is not what was written": lambda folder: (folder.place / "model/jid.json").write_text("{}"),
    "no record names this zip": lambda folder: (folder.path / "packages" / ("0" * 32 + ".zip")).write_text("PK"),
    "this is no upload session": lambda folder: (folder.path / "sessions" / "x").touch(),
    "another ID": lambda folder: _renamed(folder),
    "its record cannot be read": lambda folder: folder.change(
        "UPDATE packages SET record = '{' WHERE id = ?", folder.id
    ),
    "and is found as": lambda folder: folder.change("UPDATE packages SET status = 'failed' WHERE id = ?", folder.id),
}


def _renamed(folder: Folder) -> None:
    folder.change(
        "UPDATE packages SET record = replace(record, id, ?), id = ? WHERE id = ?", "0" * 40, "0" * 40, folder.id
    )


@pytest.mark.parametrize("what", _DAMAGE)
def test_damage_is_found_and_named_with_its_cure(folder: Folder, what: str) -> None:
    _DAMAGE[what](folder)
    status, said = folder.verify()
    assert status == 1, said
    assert what in said
    assert "  cure: " in said


def test_a_damaged_file_of_records_is_damage(folder: Folder) -> None:
    path = folder.path / "packages.sqlite"
    data = bytearray(path.read_bytes())
    for page in range(1, len(data) // 4096):
        data[page * 4096 : page * 4096 + 64] = os.urandom(64)
    path.write_bytes(data)
    status, said = folder.verify()
    assert (status, "DAMAGED packages.sqlite: SQLite says: " in said) == (1, True), said


def test_a_running_server_is_no_damage(folder: Folder) -> None:
    slow = "import time\n" + HELLO.replace("return", "time.sleep(1); return")
    with serving(folder.path.parent, "--engine", "process") as server:
        for number in range(4):
            server.upload(zipped(model(slow, salt=str(number))), "respond-async")
        status, said = folder.verify()
        assert (status, "is being built" in said) == (0, True), said
        _flip(folder.zip)
        status, said = folder.verify()
        assert (status, f"DAMAGED {folder.id}" in said) == (1, True), said


def test_what_a_killed_server_leaves_is_no_damage_but_a_note(folder: Folder) -> None:
    slow = "import time\n" + HELLO.replace("return", "time.sleep(5); return")
    with serving(folder.path.parent, "--engine", "process") as server:
        package = server.upload(zipped(model(slow)), "respond-async").json()
        server.await_log(package["ID"], "==> test process-cpu\n")
        server.kill()
    while is_running(folder.path):  # the worker ends just after its parent
        time.sleep(0.01)
    (folder.path / "staging" / ("0" * 32 + ".zip")).write_text("half")
    status, said = folder.verify()
    assert status == 0, said
    assert "1 is to be built after the next start" in said
    assert "1 file or folder goes at the next start: an upload that was cut off" in said


def _lose(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize("harm", [_flip, _lose])
@pytest.mark.parametrize("anew", [False, True], ids=["the same zip", "the same files zipped anew"])
def test_a_damaged_zip_is_mended_by_the_same_content(folder: Folder, harm: Callable[[Path], None], anew: bool) -> None:
    harm(folder.zip)
    data = _zipped_anew(folder.data) if anew else folder.data
    assert folder.verify()[0] == 1
    with serving(folder.path.parent, "--engine", "process") as server:
        assert server.get(f"/v1/packages/{folder.id}.zip").content != folder.data
        answer = server.upload(data)
        assert (answer.status_code, answer.json()["ID"]) == (200, folder.id)
        assert server.get(f"/v1/packages/{folder.id}.zip").content == data
        assert answer.json()["SHA256"] == hashlib.sha256(data).hexdigest()
    status, said = folder.verify()
    assert status == 0, said


def test_a_zip_made_anew_changes_nothing_while_the_first_one_is_whole(folder: Folder) -> None:
    with serving(folder.path.parent, "--engine", "process") as server:
        assert server.upload(_zipped_anew(folder.data)).json() == folder.ready
        assert server.get(f"/v1/packages/{folder.id}.zip").content == folder.data
    assert folder.verify()[0] == 0


def _zipped_anew(data: bytes) -> bytes:
    """The same files in other bytes."""
    target = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as new:
        for name in old.namelist():
            new.writestr(name, old.read(name))
    return target.getvalue()


def test_it_is_a_command(folder: Folder) -> None:
    command = [sys.executable, "-m", "local", "verify", "--data", str(folder.path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.endswith("all sound\n")
    _flip(folder.zip)
    assert subprocess.run(command, cwd=ROOT, capture_output=True, text=True).returncode == 1


def test_a_package_is_tested_again_when_asked(folder: Folder) -> None:
    status, said = folder.verify("--retest", folder.id)
    assert (status, f"{folder.id}: it passes its test" in said) == (0, True), said
    (folder.place / "runtime/jid/__main__.py").write_text("raise SystemExit('broken')\n")
    status, said = folder.verify("--retest", folder.id)
    assert status == 1
    assert "it does not pass its test any more" in said


@pytest.mark.parametrize("words", [("--retest", "0" * 40), ("--retest", "x")])
def test_what_cannot_be_looked_at_is_told_in_a_line(folder: Folder, words: tuple[str, ...]) -> None:
    status, said = folder.verify(*words)
    assert status == 2
    assert said.startswith("modelserver cannot verify: --retest")


def test_no_data_folder_is_told_in_a_line(tmp_path: Path) -> None:
    status, said = verify(tmp_path / "nowhere")
    assert (status, said.count("\n")) == (2, 1)
    assert list(tmp_path.iterdir()) == []
