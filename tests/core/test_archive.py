"""Zips, odd and hostile: what is refused and why, what is accepted and as what."""

from __future__ import annotations

import hashlib
import io
import os
import stat
import subprocess
import tracemalloc
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest

from modelserver.archive import Archive, Limits, open_archive
from modelserver.errors import InvalidPackage
from modelserver.tree import tree_id
from tests.corpus import Case, cases, package
from tests.zipcraft import DEFLATED, JID, Entry, Zip, deflate

LIMITS = Limits(entries=100_000, unpacked=50 * 1024**3, ratio=200)
CORPUS = list(cases())


class Bytes:
    """A Reader of bytes in memory."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self.longest_read = 0

    @property
    def size(self) -> int:
        return len(self._data)

    def read_at(self, offset: int, length: int) -> bytes:
        assert offset >= 0
        self.longest_read = max(self.longest_read, length)
        return self._data[offset : offset + length]

    def link(self, filename: str) -> None:
        return None

    def descriptor(self) -> None:
        return None

    def close(self) -> None: ...


def opened(data: bytes, limits: Limits = LIMITS) -> Archive:
    return open_archive(Bytes(data), limits)


def codes(data: bytes, limits: Limits = LIMITS) -> set[str]:
    """The codes of all faults of opening and hashing; none if the zip is accepted."""
    try:
        opened(data, limits).tree_id(2)
    except InvalidPackage as refused:
        assert refused.detail
        assert all(fault.detail and fault.hint and len(fault.pointer) < 1000 for fault in refused.faults)
        return {fault.code for fault in refused.faults}
    return set()


def contents(archive: Archive) -> dict[str, bytes]:
    return {file.path: b"".join(archive.stream(file)) for file in archive.files}


@pytest.mark.parametrize("case", CORPUS, ids=[case.name for case in CORPUS])
def test_the_corpus_is_refused_for_the_right_reasons_or_accepted(case: Case) -> None:
    assert codes(case.data) == case.expected


def test_the_corpus_is_large_and_its_names_are_distinct() -> None:
    assert len({case.name for case in CORPUS}) == len(CORPUS) >= 150


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """A folder with what makes trees interesting, and its git repository beside it."""
    folder = tmp_path / "model"
    (folder / "src/deep").mkdir(parents=True)
    (folder / "empty").mkdir()
    (folder / "jid.yaml").write_bytes(JID)
    (folder / "infer.py").write_text("x = 1\n" * 5000)
    (folder / "src/deep/ünï 模型.txt").write_text("é")
    (folder / "src-a").write_bytes(os.urandom(300_000))
    (folder / "nothing").touch()
    (folder / "run.sh").write_text("#!/bin/sh\n")
    (folder / "run.sh").chmod(0o755)
    git(folder, "init", "--quiet")
    git(folder, "add", ".")
    return folder


def git(folder: Path, *arguments: str) -> bytes:
    where = [f"--git-dir={folder.parent / 'git'}", f"--work-tree={folder}"]
    return subprocess.run(["git", *where, *arguments], check=True, capture_output=True).stdout


def written_by(command: str, folder: Path) -> bytes:
    """Runs a shell command in the folder; the zip is its output, or ../out.zip."""
    printed = subprocess.run(command, shell=True, cwd=folder, check=True, capture_output=True).stdout
    out = folder.parent / "out.zip"
    return out.read_bytes() if out.exists() else printed


TOOLS = {
    "zip": "zip -qr ../out.zip .",
    "zip to a pipe": "zip -qr - . | cat",
    "zip without compression to a pipe": "zip -0 -qr - . | cat",
    "zip with zip64": "zip -fz -qr ../out.zip .",
    "zip in the C locale": "LC_ALL=C zip -qr - . | cat",
    "zip of the folder": "cd .. && zip -qr out.zip model",
    "7z": "7z a -tzip ../out.zip . >/dev/null",
    "git archive": "git --git-dir=../git archive --format=zip $(git --git-dir=../git write-tree)",
    "git archive with a prefix": "git --git-dir=../git archive --prefix=m/ --format=zip "
    "$(git --git-dir=../git write-tree)",
    "Python": "python3 -m zipfile -c ../out.zip *",
}


@pytest.mark.parametrize("tool", TOOLS)
def test_every_tools_zip_has_the_tree_id_that_git_gives(tool: str, model: Path) -> None:
    needed = tool.split()[0].lower().replace("python", "python3")
    if subprocess.run(["which", needed], capture_output=True).returncode:
        pytest.skip(f"{needed} is not installed")
    archive = opened(written_by(TOOLS[tool], model))
    assert archive.tree_id(2) == git(model, "write-tree").decode().strip()
    assert {file.path for file in archive.files if file.executable} == {"run.sh"}


def test_java_writes_no_modes_and_is_accepted(model: Path) -> None:
    if subprocess.run(["which", "jar"], capture_output=True).returncode:
        pytest.skip("jar is not installed")
    (model / "run.sh").chmod(0o644)
    git(model, "add", ".")
    archive = opened(written_by("jar cMf ../out.zip .", model))
    assert archive.tree_id(2) == git(model, "write-tree").decode().strip()


def test_the_id_depends_on_nothing_but_names_contents_and_execute_bits() -> None:
    one = Zip((Entry(b"jid.yaml", JID), Entry(b"a", b"text " * 99), Entry(b"e/", b""))).bytes()
    other = Zip((Entry(b"w/a", b"text " * 99, DEFLATED, mode=0o100600), Entry(b"w/jid.yaml", JID, system=0))).bytes()
    program = Zip((Entry(b"jid.yaml", JID), Entry(b"a", b"text " * 99, mode=0o100744))).bytes()
    elsewhere = Zip((Entry(b"jid.yaml", JID), Entry(b"a", b"text " * 99, mode=0o100744, system=0))).bytes()
    ids = [opened(data).tree_id(threads) for data in (one, other, program, elsewhere) for threads in (1, 3)]
    assert ids[0] == ids[1] == ids[2] == ids[3] == ids[6] == ids[7] != ids[4]


def test_the_wrapper_goes_and_litter_too() -> None:
    litter = (Entry(b"__MACOSX/w/._jid.yaml"), Entry(b"w/.DS_Store"))
    archive = opened(Zip((Entry(b"w/jid.yaml", JID), Entry(b"w/src/a.py", b"a"), *litter)).bytes())
    assert contents(archive) == {"jid.yaml": JID, "src/a.py": b"a"}


def test_a_file_is_read_whole_within_a_limit() -> None:
    archive = opened(package(Entry(b"big", bytes(1000), DEFLATED)))
    assert archive.read("jid.yaml", 1000) == JID
    assert archive.read("big", 1000) == bytes(1000)
    with pytest.raises(InvalidPackage, match="big"):
        archive.read("big", 999)
    with pytest.raises(KeyError):
        archive.read("small", 1000)
    assert archive.find("small") is None


def test_every_fault_is_listed_with_its_place() -> None:
    data = package(Entry(b"../a"), Entry(b"link", mode=0o120777), Entry(b"b", method=12), Entry(b"c"), Entry(b"c"))
    with pytest.raises(InvalidPackage) as refused:
        opened(data)
    assert {(fault.pointer, fault.code) for fault in refused.value.faults} == {
        ("../a", "PATH_ESCAPES"),
        ("link", "LINK"),
        ("b", "UNSUPPORTED_COMPRESSION"),
        ("c", "DUPLICATE_NAME"),
    }


def test_all_damaged_files_are_listed() -> None:
    archive = opened(package(Entry(b"a", crc=1), Entry(b"b", crc=2), Entry(b"c")))
    with pytest.raises(InvalidPackage) as refused:
        archive.tree_id(2)
    assert {fault.pointer for fault in refused.value.faults} == {"a", "b"}


def test_a_hundred_faults_are_shown_and_the_rest_counted() -> None:
    with pytest.raises(InvalidPackage) as refused:
        opened(package(*(Entry(b"../%d" % number) for number in range(5000))))
    assert len(refused.value.faults) == 101
    assert refused.value.faults[-1].detail == "and 4900 more"
    assert len(str(refused.value.to_json())) < 50_000


def test_where_jid_yaml_lies_too_deep_the_folder_is_named() -> None:
    with pytest.raises(InvalidPackage) as refused:
        opened(Zip((Entry(b"w/models/one/jid.yaml", JID), Entry(b"w/README.md"))).bytes())
    assert "models/one" in refused.value.faults[0].hint


def test_limits_are_the_callers() -> None:
    data = package(Entry(b"a", bytes(10**7), DEFLATED))
    assert codes(data, replace(LIMITS, entries=3)) == set()
    assert codes(data, replace(LIMITS, entries=2)) == {"TOO_MANY_FILES"}
    assert codes(data, replace(LIMITS, unpacked=10**7)) == {"TOO_LARGE_UNPACKED"}
    large = package(Entry(b"a", bytes(7 * 10**7), DEFLATED))
    assert codes(large, replace(LIMITS, ratio=100)) == {"BOMB"}
    assert codes(large, replace(LIMITS, ratio=2000)) == set()


def test_a_lying_bomb_is_given_up_after_its_announced_size() -> None:
    """42 kB that say they are 10 bytes and unfold to 42 MB: never inflated to the end."""
    body = deflate(bytes(42 * 10**6))
    data = package(Entry(b"bomb", bytes(10), DEFLATED, body=body))
    tracemalloc.start()
    try:
        assert codes(data) == {"SIZE_DIFFERS"}
        assert tracemalloc.get_traced_memory()[1] < 10**6
    finally:
        tracemalloc.stop()


def test_files_stream_in_bounded_chunks_and_ranges() -> None:
    data = os.urandom(3 * 2**20) + bytes(40 * 2**20)
    reader = Bytes(package(Entry(b"stored", data), Entry(b"deflated", data, DEFLATED)))
    archive = open_archive(reader, LIMITS)
    for path in ("stored", "deflated"):
        file = archive.find(path)
        assert file
        digest, longest = hashlib.sha256(), 0
        for chunk in archive.stream(file):
            digest.update(chunk)
            longest = max(longest, len(chunk))
        assert digest.digest() == hashlib.sha256(data).digest()
        assert longest <= 2**20
    assert reader.longest_read <= 2**20


def test_accepted_zips_read_the_same_in_pythons_zipfile() -> None:
    for case in CORPUS:
        if case.expected or len(case.data) > 10**6:
            continue
        with zipfile.ZipFile(io.BytesIO(case.data)) as other:
            theirs = sorted(
                other.read(info)
                for info in other.infolist()
                if not info.is_dir() and not info.filename.startswith("__MACOSX/") and ".DS_Store" not in info.filename
            )
        assert sorted(contents(opened(case.data)).values()) == theirs, case.name


def test_modes_beyond_execute_do_not_matter() -> None:
    archive = opened(package(Entry(b"a", b"", mode=stat.S_IFREG | 0o4711), Entry(b"b", b"", mode=0o100011)))
    assert [file.executable for file in archive.files if file.path in "ab"] == [True, False]
    blobs = [
        (path.encode(), path == "a", hashlib.sha1(b"blob %d\0" % len(data) + data).digest())
        for path, data in contents(archive).items()
    ]
    assert archive.tree_id(1) == tree_id(blobs)
