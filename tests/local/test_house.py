"""A data folder that is opened again after an end without warning: what was begun is finished, and nothing stays."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from local import process_engine
from local.application import opened
from local.house import House
from local.scratch import Scratch
from modelserver.errors import Misconfigured
from modelserver.package import Package
from modelserver.settings import Settings
from tests.packages import FAILING, HELLO, model, zipped


@contextmanager
def house(folder: Path) -> Iterator[House]:
    made = opened(Settings(data=folder / "data", engine="process"), os.environ)
    try:
        yield made
    finally:
        made.close()


def built(house: House, code: str = HELLO, salt: str = "") -> Package:
    package, _ = house.services.intake.upload(iter([zipped(model(code, salt=salt))]))
    return house.services.catalog.wait(package, 120)


def files(folder: Path) -> list[str]:
    """All of them, but for the lock and the records."""
    found = [str(path.relative_to(folder)) for path in folder.rglob("*") if not path.is_dir()]
    return sorted(name for name in found if "sqlite" not in name and name != "data/lock")


class _Died(BaseException):
    """The end of a process: nothing after it is done."""


@pytest.mark.parametrize("code", [HELLO, FAILING], ids=["ready", "failed"])
@pytest.mark.parametrize(("port", "method"), [("engine", "remove"), ("storage", "delete")])
def test_a_deletion_that_was_cut_off_is_finished(tmp_path: Path, port: str, method: str, code: str) -> None:
    def dies(*words: Any) -> None:
        raise _Died

    with house(tmp_path) as first:
        package = built(first, code)
        setattr(getattr(first.ports, port), method, dies)
        with pytest.raises(_Died):
            first.services.catalog.delete(package.id)
    assert files(tmp_path) != []
    with house(tmp_path) as second:
        assert second.ports.database.get(package.id) is None
        assert second.ports.database.leaving() == ()
    assert files(tmp_path) == []


def test_a_deletion_that_was_cut_off_spares_what_was_uploaded_since(tmp_path: Path) -> None:
    with house(tmp_path) as first:
        old = built(first)
        first.services.catalog.delete(old.id)
        new = built(first)
        assert [package.upload for package in first.ports.database.leaving()] == [old.upload]
        before = files(tmp_path)
    with house(tmp_path) as second:
        assert second.services.catalog.get(new.id).status == "ready"
    assert files(tmp_path) == before


def test_what_was_half_written_is_gone(tmp_path: Path) -> None:
    with house(tmp_path) as first:
        package, failed = built(first), built(first, FAILING)
        before = files(tmp_path)
        scratches = [Scratch(kind, tmp_path / "data" / "processes").make() for kind in ("test", "run")]
    for name in (f"builds/{package.build}/.outcome.json.1", f"processes/{failed.id}/jid", "staging/1.zip"):
        (tmp_path / "data" / name).parent.mkdir(exist_ok=True)
        (tmp_path / "data" / name).touch()
    for scratch in scratches:
        (scratch / "half").touch()
    with house(tmp_path):
        assert files(tmp_path) == before
    assert [scratch for scratch in scratches if scratch.exists()] == []


def test_a_build_that_ended_and_was_not_recorded_is_not_done_again(tmp_path: Path) -> None:
    def dies(*words: Any) -> None:
        raise _Died

    with house(tmp_path) as first:
        first.ports.database.swap = dies  # type: ignore[method-assign, assignment]
        package, _ = first.services.intake.upload(iter([zipped(model())]))
        assert first.ports.engine.wait(package, 120) is not None
        before = files(tmp_path)
    with house(tmp_path) as second:
        assert second.services.catalog.get(package.id).status == "ready"
    assert files(tmp_path) == before


def test_a_zip_that_a_record_names_already_is_kept(tmp_path: Path) -> None:
    with house(tmp_path) as first:
        package = built(first)
    data = tmp_path / "data"
    (data / "packages" / f"{package.upload}.zip").rename(data / "staging" / f"{package.upload}.zip")
    with house(tmp_path) as second:
        second.services.catalog.open_zip(package).close()
    assert list((data / "staging").iterdir()) == []


def test_uv_is_looked_up_once_and_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Looked up by two builds at once it breaks, for Python reads its own configuration then."""
    with house(tmp_path) as opened_house:
        monkeypatch.setattr(process_engine, "find_uv_bin", _nowhere)
        assert built(opened_house).status == "ready"
    with pytest.raises(Misconfigured, match="needs uv"):
        opened(Settings(data=tmp_path / "other", engine="process"), os.environ)


def _nowhere() -> str:
    raise FileNotFoundError
