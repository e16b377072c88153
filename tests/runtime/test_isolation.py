"""What the server's process and the model's process can and cannot see of each other."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable

from tests.runtime.guest import MAIN, Guest

Make = Callable[..., Guest]

SHADOWS = ("server", "http", "jid_test", "types", "json", "asyncio", "worker", "signature", "test", "typing", "inspect")
LETHAL = {name + ".py": f"NAME = 'the package has its own {name}'" for name in SHADOWS}


def test_names_of_the_standard_library_and_of_ours_are_the_packages_own(guest: Make) -> None:
    infer = """
        import http, jid, jid_test, server, test, worker
        class Model(jid.Model):
            def run(self) -> list:
                return [module.NAME for module in (http, jid_test, server, test, worker)]
    """
    package = guest(infer, files=LETHAL)
    names = [f"the package has its own {name}" for name in ("http", "jid_test", "server", "test", "worker")]
    tested = package.test()
    assert tested.report["Error"] is None
    assert tested.report["Examples"][0]["Output"] == names
    with package.serving() as server:
        assert server.infer().json() == names
        assert server.get("/openapi.json").status == 200


def test_started_as_a_module_in_the_packages_directory(guest: Make) -> None:
    package = guest("class Model:\n  def run(self): return 'x'", files={"asyncio.py": "raise SystemExit('shadowed')"})
    done = subprocess.run(
        [sys.executable, "-m", "jid", "test"],
        cwd=package.source,
        env={**package.environ(), "PYTHONPATH": str(MAIN.parents[1])},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_the_model_sees_its_own_directory_first_and_ours_last(guest: Make) -> None:
    infer = """
        import os, sys
        class Model:
            def run(self): return [os.path.realpath(entry) for entry in sys.path]
    """
    package = guest(infer)
    path = package.test().report["Examples"][0]["Output"]
    assert path[0] == os.path.realpath(package.source)
    assert path[-1] == str(MAIN.parents[1])
    assert str(MAIN.parent) not in path
    assert any(entry.endswith("site-packages") for entry in path)


def test_nothing_of_ours_but_jid_can_be_imported(guest: Make) -> None:
    infer = """
        import importlib
        class Model:
            def run(self):
                found = []
                for name in ("worker", "server", "schema", "signature", "keeper", "message"):
                    try:
                        found.append(importlib.import_module(name).__name__)
                    except ImportError:
                        pass
                return found
    """
    assert guest(infer).test().report["Examples"][0]["Output"] == []


def test_the_server_does_not_run_what_the_package_brings(guest: Make) -> None:
    traps = dict.fromkeys(("socket.py", "tempfile.py"), "import os; os.write(2, b'TRAP %d ' % os.getppid())")
    package = guest("class Model:\n  def run(self): return 'x'", files=traps)
    with package.serving() as server:
        assert server.infer().text == "x"


def test_a_model_file_in_a_folder_and_one_with_a_taken_name(guest: Make) -> None:
    nested = {
        "deep/er/thing.py": "from . import part\nclass M:\n  def run(self): return part.X",
        "deep/er/part.py": "X = 'p'",
    }
    assert guest(files=nested, model="deep/er/thing.py:M").test().report["Examples"][0]["Output"] == "p"


def test_a_model_file_called_like_the_standard_library(guest: Make) -> None:
    files = {"code.py": "class M:\n  def run(self): return 'mine'"}
    assert guest(files=files, model="code.py:M").test().report["Examples"][0]["Output"] == "mine"


def test_files_beside_the_model_are_in_its_working_directory(guest: Make) -> None:
    infer = "class Model:\n  def run(self): return open('weights.txt').read()"
    assert guest(infer, files={"weights.txt": "42"}).test().report["Examples"][0]["Output"] == "42"
