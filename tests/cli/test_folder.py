"""What of a directory becomes the package, and that its ID is git's."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from modelserver_cli.folder import Folder
from modelserver_cli.identity import package_id
from modelserver_cli.packing import pack
from tests.cli.conftest import Command
from tests.cli.folders import committed, git, hello, written


def _paths(folder: Path) -> list[str]:
    return [entry.path.decode() for entry in Folder.read(folder).entries]


def _identity(folder: Path) -> str:
    return str(package_id(Folder.read(folder), lambda count: None))


def test_in_a_clean_checkout_the_id_is_gits(tmp_path: Path) -> None:
    """Tracked files count although they are ignored or look like litter; of a folder within, only its own."""
    root = tmp_path / "checkout"
    model = hello(root / "models" / "one")
    written(model, {"a/b.txt": "1", "a.txt": "2", "a-b": "3", "weights.bin": b"\0" * 3000, "cache.pyc": "4"})
    (model / "a.txt").chmod(0o755)
    written(root, {".gitignore": "*.bin\n", "README.md": "not part of it"})
    git(root, "init", "--quiet")
    git(root, "add", "--force", ".")
    git(root, "commit", "--quiet", "--message", "all")
    assert _identity(model) == git(root, "rev-parse", "HEAD:models/one")


def test_what_git_ignores_is_left_out_and_named(tmp_path: Path) -> None:
    folder = hello(tmp_path / "model")
    expected = committed(folder)
    written(folder, {".git/info/exclude": "*.ckpt\nlogs/\n", "old.ckpt": "x", "logs/1.txt": "x"})
    written(folder, {"__pycache__/infer.pyc": "x", ".venv/bin/python": "x", ".DS_Store": "x"})
    assert _identity(folder) == expected
    assert Folder.read(folder).left_out == (".venv/", "__pycache__/", "logs/", "old.ckpt")


def test_new_and_changed_files_count_and_deleted_ones_do_not(tmp_path: Path) -> None:
    folder = written(hello(tmp_path / "model"), {"gone.txt": "x"})
    committed(folder)
    (folder / "gone.txt").unlink()
    written(folder, {"new.txt": "x", "infer.py": "changed"})
    assert _paths(folder) == ["infer.py", "jid.yaml", "new.txt"]
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "again")
    assert _identity(folder) == git(folder, "rev-parse", "HEAD^{tree}")


def test_outside_a_repository_the_rules_hold_as_well(tmp_path: Path) -> None:
    folder = written(hello(tmp_path / "model"), {".gitignore": "*.log\n", "a.log": "x", "sub/.gitignore": "b\n"})
    written(folder, {"sub/b": "x", "sub/c": "x", "__pycache__/x.pyc": "x"})
    assert _paths(folder) == [".gitignore", "infer.py", "jid.yaml", "sub/.gitignore", "sub/c"]
    assert Folder.read(folder).left_out == ("__pycache__/", "a.log", "sub/b")


def test_a_directory_that_the_repository_around_it_ignores_is_a_package_all_the_same(tmp_path: Path) -> None:
    root = written(tmp_path / "home", {".gitignore": "*\n"})
    git(root, "init", "--quiet")
    assert _paths(hello(root / "model")) == ["infer.py", "jid.yaml"]


def test_a_hooks_environment_names_no_other_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = hello(tmp_path / "model")
    expected = committed(folder)
    monkeypatch.setenv("GIT_DIR", str(tmp_path / "nowhere"))
    assert _identity(folder) == expected


def test_without_git_everything_but_litter_is_taken_and_it_says_so(cli: Command, tmp_path: Path) -> None:
    folder = written(hello(tmp_path / "model"), {".gitignore": "*.log\n", "a.log": "x", "__pycache__/x.pyc": "x"})
    (tmp_path / "empty").mkdir()
    ended = Command(tmp_path, {**cli.environment, "PATH": str(tmp_path / "empty")})("check", folder)
    assert "git is not installed here" in ended.err
    assert "4 files" in ended.err
    assert "left out: __pycache__/" in ended.err


def test_links_and_repositories_within_are_refused_before_anything_is_sent(alone: Command, tmp_path: Path) -> None:
    folder = hello(tmp_path / "model")
    (folder / "link").symlink_to("infer.py")
    (folder / "back\\slash").write_text("x")
    inner = hello(folder / "inner")
    committed(inner)
    ended = alone("push", folder, status=1)
    assert "error[LINK]" in ended.err
    assert f"--> {folder}/link" in ended.err
    assert "error[REPOSITORY]" in ended.err
    assert "error[BAD_NAME]" in ended.err
    assert "3 faults; nothing was built" in ended.err


def test_a_directory_without_a_config_gets_a_hint(alone: Command, tmp_path: Path) -> None:
    hello(tmp_path / "outer" / "model")
    assert "did you mean" in alone("push", tmp_path / "outer", status=1).err
    assert "is no directory" in alone("push", tmp_path / "nowhere", status=2).err
    ignored = written(hello(tmp_path / "ignored"), {".gitignore": "*.yaml\n"})
    assert "git ignores" in alone("push", ignored, status=1).err


def test_the_zip_is_the_same_each_time(tmp_path: Path) -> None:
    folder = written(hello(tmp_path / "model"), {"zeroes": b"\0" * 100_000, "noise": os.urandom(100_000)})
    for name in ("first", "second"):
        with (tmp_path / name).open("wb") as file:
            pack(Folder.read(folder), file, lambda count: None)
        os.utime(folder / "noise", (0, 0))
    first = (tmp_path / "first").read_bytes()
    assert first == (tmp_path / "second").read_bytes()
    assert 100_000 < len(first) < 110_000
