"""Packages whose pins and modules would break a server that shared them: neither side reaches the other."""

from __future__ import annotations

import compileall
import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.runtime.guest import MAIN, Guest
from tests.runtime.test_pythons import PYTHONS

Make = Callable[..., Guest]

OLD = ("flask==1.0", "werkzeug==0.14.1", "jinja2==2.11.3", "itsdangerous==1.1.0", "markupsafe==1.1.1", "click==7.1.2")
MOST = 2 * 1024**2  # bytes that the runtime may take in an image

INFER = """
    import flask, http, jid, jid_test, pydantic, server, werkzeug

    class Message(pydantic.BaseModel):
        text: str
        times: int = 1

    class Model(jid.Model):
        def setup(self):
            self.app = flask.Flask("guest")
            self.app.add_url_rule("/", "index", lambda: server.NAME + http.NAME + jid_test.NAME)

        def run(self, text: str, times: str = "2") -> dict:
            message = Message(text=text, times=times)
            said = self.app.test_client().get("/").data.decode()
            return {"text": message.text * message.times, "said": said, "flask": flask.__version__,
                    "werkzeug": werkzeug.__version__, "pydantic": pydantic.VERSION}
"""
OWN = {"server.py": "NAME = 'a'", "jid_test.py": "NAME = 'c'"}
HTTP = """
# The package's own http: as good as the standard library's for those that need it, and with a name of its own.
import importlib.util, os, sysconfig
_path = os.path.join(sysconfig.get_paths()["stdlib"], "http", "__init__.py")
_spec = importlib.util.spec_from_file_location("http", _path, submodule_search_locations=[os.path.dirname(_path)])
_real = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_real)
globals().update({name: value for name, value in vars(_real).items() if name != "__name__"})
__path__ = _real.__path__
NAME = "b"
"""


@pytest.fixture(scope="module")
def old_python(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A Python 3.8 with packages of 2018 to 2021."""
    uv = shutil.which("uv", path=str(Path(sys.executable).parent)) or shutil.which("uv")
    if "3.8" not in PYTHONS or uv is None:
        pytest.skip("needs a Python 3.8 and uv")
    home = tmp_path_factory.mktemp("old") / "venv"
    made = subprocess.run([uv, "venv", "-q", "--python", PYTHONS["3.8"], home], check=False, capture_output=True)
    python = str(home / "bin" / "python")
    command = [uv, "pip", "install", "-q", "--python", python, *OLD, "pydantic==1.8"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if made.returncode or done.returncode:
        pytest.skip(f"packages of then cannot be installed here: {done.stderr[-300:]}")
    return python


def test_old_flask_werkzeug_and_pydantic_with_modules_called_like_ours(guest: Make, old_python: str) -> None:
    package = guest(INFER, python=old_python, files={**OWN, "http.py": HTTP})
    expected = {"text": "hihi", "said": "abc", "flask": "1.0", "werkzeug": "0.14.1", "pydantic": "1.8"}
    with package.serving() as server:
        server.until("ready")
        assert server.infer(text="hi").json() == expected
        assert server.multipart(("text", "hi"), ("times", "3")).json()["text"] == "hihihi"
        told = server.post("/predictions", {"input": {"text": "hi"}}).json()
        assert told["output"] == expected
        assert server.get("/metrics").status == 200


def test_the_report_tells_the_old_versions(guest: Make, old_python: str) -> None:
    files = {**OWN, "http.py": HTTP}
    tested = guest(INFER, python=old_python, files=files, examples=[{"Input": {"text": "hi"}}]).test()
    assert tested.report["Error"] is None
    packages = {name.lower(): version for name, version in tested.report["Packages"].items()}
    assert (packages["flask"], packages["werkzeug"], packages["pydantic"]) == ("1.0", "0.14.1", "1.8")


ALL_OWN = """
    import jid

    class Model(jid.Model):
        {attribute}

        {word}def run(self, text: str = "a", kind: str = "text", file: jid.Path = None):
            if kind == "list":
                return [text, b"x", file]
            if kind == "bytes":
                return text.encode()
            if kind == "stream":
                return (one for one in text)
            return text
"""


@pytest.mark.parametrize(("attribute", "word"), [("", ""), ("concurrency = 2", ""), ("", "async ")])
def test_a_module_of_its_own_for_each_name_of_the_standard_library(guest: Make, attribute: str, word: str) -> None:
    names = [name for name in sys.stdlib_module_names if not name.startswith("_")]
    files = {f"{name}.py": "raise ImportError('this is the package\\'s own')" for name in names}
    package = guest(
        ALL_OWN.format(attribute=attribute, word=word), files=files, examples=[{"Input": {}, "Output": "a"}]
    )
    report = package.test().report
    assert report["Passed"], report["Error"]
    assert "pytest" in report["Packages"]
    with package.serving() as server:
        assert server.infer(kind="stream", text="abc").text == "a\nb\nc\n"
        assert server.infer(kind="bytes").body == b"a"
        found = server.infer(kind="list", file="data:text/plain;base64,aGk=").json()
        assert found == ["a", "data:application/octet-stream;base64,eA==", "data:text/plain;base64,aGk="]
        assert server.infer(text="a" * 200_000).text == "a" * 200_000


def test_only_jid_and_the_standard_library_are_loaded_for_a_model(guest: Make) -> None:
    names = """
        sorted({name.partition(".")[0] for name, module in sys.modules.items()
                if "site-packages" in (getattr(module, "__file__", None) or "")})
    """
    infer = "import sys\nclass Model:\n  def run(self): return (" + " ".join(names.split()) + ")"
    bare = "import json, sys; print(json.dumps(" + " ".join(names.split()) + "))"
    alone = subprocess.run([sys.executable, "-I", "-c", bare], check=True, capture_output=True, text=True)
    assert guest(infer).test().report["Examples"][0]["Output"] == json.loads(alone.stdout)


def test_what_installed_packages_run_at_the_start_of_python_stays_with_the_model(guest: Make, tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    packages = next((tmp_path / "venv" / "lib").glob("python*/site-packages"))
    (packages / "spoils.pth").write_text("import asyncio; asyncio.new_event_loop = None; asyncio.spoiled = True\n")
    infer = """
        import asyncio
        class Model:
            def run(self) -> bool:
                return asyncio.spoiled
    """
    package = guest(infer, python=str(tmp_path / "venv" / "bin" / "python"))
    assert package.test().report["Examples"][0]["Output"] is True
    with package.serving() as server:
        assert server.infer().json() is True


def test_it_is_small(tmp_path: Path) -> None:
    home = tmp_path / "jid"
    shutil.copytree(MAIN.parent, home, ignore=shutil.ignore_patterns("__pycache__"))
    assert compileall.compile_dir(home, quiet=2)
    assert sum(path.stat().st_size for path in home.rglob("*") if path.is_file()) <= MOST
