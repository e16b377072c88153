"""The facts are read whole, from this folder or another, and a broken row is named."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from modelserver import frameworks
from modelserver.frameworks import Facts, agree

DATA = Path(frameworks.__file__).with_name("data")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    shutil.copytree(DATA, tmp_path / "facts")
    return tmp_path / "facts"


def test_all_rows_are_there() -> None:
    facts = Facts.load()
    assert (len(facts.torch), len(facts.tensorflow), len(facts.images)) == (148, 38, 147)


def test_their_origin_is_kept_beside_them() -> None:
    assert "replicate/cog" in (DATA / "README.md").read_text()
    assert "Apache-2.0" in (DATA / "README.md").read_text()


def test_another_folder_is_read_instead(folder: Path) -> None:
    image = {"tag": "99.0-cudnn-devel-ubuntu26.04", "cuda": "99.0", "cudnn": "12", "ubuntu": "26.04"}
    (folder / "cuda_images.json").write_text(json.dumps([image]))
    assert Facts.load(folder).cudas == ("99.0",)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "not JSON"),
        ('[{"tag": "x"}]', "row 1"),
        ('[{"tag": "x", "cuda": "1", "cudnn": "1", "ubuntu": "1", "more": 1}]', "row 1"),
        ('[{"tag": "x", "cuda": "twelve", "cudnn": "1", "ubuntu": "1"}]', "row 1"),
        ("[7]", "row 1"),
        ('"text"', "row 1"),
    ],
)
def test_a_broken_file_is_named(folder: Path, text: str, said: str) -> None:
    (folder / "cuda_images.json").write_text(text)
    with pytest.raises(ValueError, match=said) as caught:
        Facts.load(folder)
    assert "cuda_images.json" in str(caught.value)


def test_a_tag_that_is_no_tag_is_refused(folder: Path) -> None:
    image = {"tag": "12.8\nRUN id", "cuda": "12.8", "cudnn": "9", "ubuntu": "24.04"}
    (folder / "cuda_images.json").write_text(json.dumps([image]))
    with pytest.raises(ValueError, match="row 1"):
        Facts.load(folder)


def test_the_best_image_is_the_newest_of_all() -> None:
    facts = Facts.load()
    assert facts.images_for("12.8")[0].tag == "12.8.1-cudnn-devel-ubuntu24.04"
    assert facts.images_for("10.1", "7")[0].tag == "10.1-cudnn7-devel-ubuntu18.04"
    assert facts.images_for("12.7") == ()


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [("12", "12.8", True), ("12.8.1", "12.8", True), ("12.8", "12.6", False), ("1", "12", False), ("", "9", True)],
)
def test_versions_agree_as_far_as_both_speak(one: str, other: str, same: bool) -> None:
    assert agree(one, other) is same
    assert agree(other, one) is same
