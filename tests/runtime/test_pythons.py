"""The runtime under every Python from 3.6 on that this machine has; old images hold old Pythons."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.runtime.client import Upload
from tests.runtime.guest import Guest

OLDEST, NEWEST = 6, 14  # of Python 3

INFER = """
    import sys
    from typing import Dict, Iterator, List, Optional, Union
    import jid

    class Model(jid.Model):
        def setup(self):
            print("setting up")

        def run(
            self,
            text: str,
            times: int = jid.Input(1, ge=1, le=9),
            weights: List[float] = None,
            table: Dict[str, Union[int, str]] = None,
            maybe: Optional[bool] = None,
            file: jid.Path = None,
        ) -> Iterator[str]:
            assert isinstance(maybe, (bool, type(None)))
            for _ in range(times):
                yield file.read_text() if file else text
            yield "%d.%d" % sys.version_info[:2]
"""


def _places() -> Iterator[Path]:
    yield from sorted(Path.home().glob(".pyenv/versions/*/bin/python"))
    yield from sorted(Path.home().glob(".local/share/uv/python/*/bin/python3"))
    for minor in range(OLDEST, NEWEST + 1):
        found = shutil.which(f"python3.{minor}")
        if found:
            yield Path(found)


def _version(python: Path) -> str:
    """Such as "3.8"; empty where it does not start."""
    done = subprocess.run([python, "--version"], capture_output=True, text=True, check=False)
    found = re.match(r"Python (3\.\d+)\.", done.stdout)
    return found.group(1) if done.returncode == 0 and found else ""


def _pythons() -> dict[str, Path]:
    """One for each version."""
    found: dict[str, Path] = {}
    for place in _places():
        version = _version(place)
        if version and OLDEST <= int(version.partition(".")[2]) <= NEWEST:
            found.setdefault(version, place)
    return dict(sorted(found.items(), key=lambda item: int(item[0].partition(".")[2])))


PYTHONS = _pythons()


@pytest.fixture(params=PYTHONS, ids=[f"python{version}" for version in PYTHONS])
def version(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_which_pythons_are_here(capsys: pytest.CaptureFixture[str]) -> None:
    with capsys.disabled():
        print(f"\nthe runtime is tested under Python {', '.join(PYTHONS)}")
    assert PYTHONS


def test_it_tests(guest: Callable[..., Guest], version: str) -> None:
    examples = [
        {"Input": {"text": "a", "times": 2, "weights": [1], "table": {"x": "y"}}, "Output": ["a", "a", version]},
        {"Input": {"text": "a", "file": "@a.txt", "maybe": True}, "Output": ["from a file", version]},
        {"Input": {"text": "a", "maybe": 1}, "Error": "/maybe"},
    ]
    tested = guest(INFER, str(PYTHONS[version]), files={"a.txt": "from a file"}, examples=examples).test()
    assert tested.report["Error"] is None
    assert tested.status == 0
    assert tested.report["Python"].startswith(version + ".")
    assert tested.report["Schema"]["Stream"] is True


def test_it_serves(guest: Callable[..., Guest], version: str) -> None:
    with guest(INFER, str(PYTHONS[version])).serving() as server:
        assert server.infer(text="x").text == f"x\n{version}\n"
        assert server.infer(text="x" * 200_000).text == "x" * 200_000 + f"\n{version}\n"
        assert server.multipart(("text", "x"), ("times", "2"), ("file", Upload("f", b"y"))).text == f"y\ny\n{version}\n"
        assert [error["pointer"] for error in server.infer(times=0).json()["errors"]] == ["/times", "/text"]
        assert server.stop() == 0


ASYNC = """
    import asyncio
    class Model:
        async def setup(self):
            await asyncio.sleep(0)
        async def run(self, n: int = 2):
            for i in range(n):
                await asyncio.sleep(0)
                yield i
"""

BATCH = """
    class Model:
        batch_size, batch_wait = 2, 5
        def run(self, text: str) -> str: ...
        def run_batch(self, inputs):
            return [one["text"] * len(inputs) for one in inputs]
"""


def test_it_runs_async_models(guest: Callable[..., Guest], version: str) -> None:
    with guest(ASYNC, str(PYTHONS[version])).serving() as server:
        assert server.infer(n=3).text == "0\n1\n2\n"
        told = server.post("/predictions", {"input": {}}).json()
        assert (told["status"], told["output"]) == ("succeeded", [0, 1])


def test_it_runs_batches(guest: Callable[..., Guest], version: str) -> None:
    with guest(BATCH, str(PYTHONS[version])).serving() as server:
        together = [server.later(text="a"), server.later(text="b")]
        assert [one.answer().text for one in together] == ["aa", "bb"]
        told = server.post("/infer-ai-platform", {"instances": [{"text": "c"}] * 2}).json()
        assert told == {"predictions": ["cc", "cc"]}
        assert server.get("/metrics").status == server.get("/openapi.json").status == 200
        assert server.stop() == 0
