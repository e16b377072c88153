"""The tree ID is git's own, for any tree: git is asked."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from modelserver.tree import tree_id

EMPTY = "4b825dc642cb6eb9a060e54bf8d69288fbee4904"

# Few letters, among them those that sort around "/", so that names collide, nest and share prefixes.
NAMES = st.text(alphabet="ab.-/0_é模\U0001f40d ", min_size=1, max_size=6).map(lambda name: name.replace("/", "0"))
PATHS = st.lists(NAMES.filter(lambda name: name not in (".", "..")), min_size=1, max_size=4).map("/".join)
CONTENTS = st.tuples(st.booleans(), st.binary(max_size=20))


def sound(files: dict[str, tuple[bool, bytes]]) -> bool:
    """Whether no file is a folder of another."""
    return not any(other.startswith(f"{path}/") for path in files for other in files)


def ours(files: dict[str, tuple[bool, bytes]]) -> str:
    blobs = {path: hashlib.sha1(b"blob %d\0" % len(data) + data).digest() for path, (_, data) in files.items()}
    return tree_id((path.encode(), executable, blobs[path]) for path, (executable, _) in files.items())


def git(where: Path, *arguments: str, given: bytes = b"") -> str:
    command = ["git", "-C", str(where), *arguments]
    return subprocess.run(command, input=given, check=True, capture_output=True).stdout.decode().strip()


def gits(where: Path, files: dict[str, tuple[bool, bytes]]) -> str:
    """Hashes and arranges with git's plumbing, without a working tree."""
    git(where, "read-tree", "--empty")
    lines = bytearray()
    for path, (executable, data) in files.items():
        blob = git(where, "hash-object", "-w", "--stdin", given=data)
        lines += f"{'100755' if executable else '100644'} {blob}\t{path}\0".encode()
    git(where, "update-index", "-z", "--index-info", given=bytes(lines))
    return git(where, "write-tree")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    where = tmp_path_factory.mktemp("repository")
    git(where, "init", "--quiet")
    return where


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(files=st.dictionaries(PATHS, CONTENTS, max_size=8).filter(sound))
def test_equals_git_on_any_tree(repository: Path, files: dict[str, tuple[bool, bytes]]) -> None:
    assert ours(files) == gits(repository, files)


def test_equals_git_where_names_sort_differently_with_and_without_a_slash(repository: Path) -> None:
    names = ["a-b", "a.b", "a/b", "a0", "a/a-b", "a/a/b", "a/a.b", "aa/-", "A/z", "é/a", "z/é/ü"]
    files = {name: (name.endswith("b"), name.encode()) for name in names}
    assert ours(files) == gits(repository, files)
    assert ours(dict(reversed(files.items()))) == ours(files)


def test_equals_git_on_a_checkout_with_programs(repository: Path, tmp_path: Path) -> None:
    (tmp_path / "src/deep").mkdir(parents=True)
    (tmp_path / "src/deep/a.py").write_text("x = 1\n")
    (tmp_path / "run.sh").write_text("#!/bin/sh\n")
    (tmp_path / "run.sh").chmod(0o755)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", ".")
    assert ours({"run.sh": (True, b"#!/bin/sh\n"), "src/deep/a.py": (False, b"x = 1\n")}) == git(tmp_path, "write-tree")


def test_no_files_are_gits_empty_tree() -> None:
    assert tree_id([]) == EMPTY


def test_a_thousand_folders_deep_is_no_trouble(repository: Path) -> None:
    files = {"/".join(["d"] * 1000): (False, b"x")}
    assert ours(files) == gits(repository, files)
