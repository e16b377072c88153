"""`jid test`: what it reports of good models and of bad ones; its exit status; its one document."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

import pytest

from tests.runtime.guest import MAIN, Guest

Make = Callable[..., Guest]

START = f"import runpy; runpy.run_path({str(MAIN)!r}, run_name='__main__')"

HELLO = """
    import jid
    class Model(jid.Model):
        def run(self, text: str = "world", times: int = 1) -> str:
            return " ".join(["hello"] + [text] * times)
"""


def code(guest: Guest) -> tuple[str, str]:
    """The report's error, of a test that must fail with status 1."""
    tested = guest.test()
    assert tested.status == 1
    assert tested.report["Passed"] is False
    return tested.report["Error"]["Code"], tested.report["Error"]["Detail"]


def test_a_good_model_passes_and_leaves_evidence(guest: Make) -> None:
    examples = [{"Input": {"text": "you", "times": 2}, "Output": "hello you you"}]
    tested = guest(HELLO, examples=examples).test()
    assert tested.status == 0
    assert tested.report["Passed"] is True
    assert tested.report["Error"] is None
    (example,) = tested.report["Examples"]
    assert example["Input"] == {"text": "you", "times": 2}
    assert example["Expected"] == example["Output"] == "hello you you"
    assert example["Passed"] is True
    assert 0 < example["Seconds"] < 5
    assert tested.report["SetupSeconds"] >= 0
    assert 5_000_000 < tested.report["PeakMemory"] < 500_000_000
    assert tested.report["Python"] == ".".join(map(str, sys.version_info[:3]))
    assert tested.report["Schema"]["Input"]["properties"]["times"] == {"type": "integer", "default": 1}
    assert tested.report["Schema"]["Output"] == {"type": "string"}
    assert tested.report["Schema"]["Stream"] is False


def test_without_examples_the_model_runs_on_its_defaults(guest: Make) -> None:
    tested = guest(HELLO).test()
    assert tested.status == 0
    assert [example["Output"] for example in tested.report["Examples"]] == ["hello world"]


def test_required_inputs_without_examples_ask_for_examples_with_a_sample(guest: Make) -> None:
    found, detail = code(guest("class Model:\n  def run(self, text: str, times: int): return text"))
    assert found == "NO_EXAMPLES"
    assert "examples:" in detail
    assert '{"text": "text", "times": 1}' in detail


def test_a_missing_file_is_named_with_those_that_are_there(guest: Make) -> None:
    found, detail = code(guest(HELLO, model="other.py:Model"))
    assert found == "MODEL_NOT_FOUND"
    assert "other.py" in detail
    assert "infer.py" in detail


def test_a_missing_class_is_named_with_those_that_are_there(guest: Make) -> None:
    found, detail = code(guest("class Modell:\n  def run(self): return 1"))
    assert found == "MODEL_NOT_FOUND"
    assert "infer.py has no class Model; it has Modell" in detail


@pytest.mark.parametrize(
    ("infer", "says"),
    [
        ("import nothing_of_this_name", "environment.python_packages"),
        ("def broken(:\n", "infer.py:1: SyntaxError"),
        ("x = 1\nraise ValueError('while importing')", "infer.py:2 in <module>: raise ValueError"),
        ("import sys; sys.exit(3)", "sys.exit(3) was called"),
    ],
)
def test_a_module_that_cannot_be_imported(guest: Make, infer: str, says: str) -> None:
    found, detail = code(guest(infer))
    assert found == "IMPORT_FAILED"
    assert says in detail


@pytest.mark.parametrize(
    ("run", "says"),
    [
        ("def run(self, when: complex): pass", "infer.py:3: when: complex is not a type"),
        ("def run(self,\n      a: int,\n      b: set): pass", "infer.py:5: b: set is not a type"),
        ("def run(self, *values: int): pass", "*values"),
        ("async def run(self,\n      a: set): pass", "infer.py:4: a: set is not a type"),
        ("def run(self) -> set: pass", "the output: set"),
        ("def run(self, a: 'Missing'): pass", "Missing"),
        ("def run(self, a: str = jid.Input(regex='[')): pass", "a: the regex '[' cannot be read"),
        ("def run(self, a: str = jid.Input(ge=1)): pass", "ge and le need a number"),
        ("run = 3", "has no run() method"),
    ],
)
def test_a_signature_that_cannot_be_described_names_the_line(guest: Make, run: str, says: str) -> None:
    found, detail = code(guest("import jid\nclass Model:\n  " + run))
    assert found == "SIGNATURE_UNSUPPORTED"
    assert "infer.py:" in detail
    assert says in detail


def test_a_set_up_that_raises(guest: Make) -> None:
    infer = "class Model:\n  def setup(self): self.load()\n  def load(self): raise OSError('no weights')\n"
    infer += "  def run(self): pass"
    found, detail = code(guest(infer))
    assert found == "SETUP_FAILED"
    assert detail.splitlines() == [
        "infer.py:2 in setup: def setup(self): self.load()",
        "infer.py:3 in load: def load(self): raise OSError('no weights')",
        "OSError: no weights",
    ]


def test_a_run_that_raises_shows_the_authors_own_lines_only(guest: Make) -> None:
    found, detail = code(guest("import json\nclass Model:\n  def run(self): return json.loads('{')"))
    assert found == "RUN_FAILED"
    assert detail.splitlines()[0] == "infer.py:3 in run: def run(self): return json.loads('{')"
    assert "json/decoder.py" not in detail
    assert "JSONDecodeError" in detail


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("os.kill(os.getpid(), 9)", "SIGKILL"),
        ("os._exit(7)", "status 7"),
        ("os.abort()", "SIGABRT"),
    ],
)
def test_a_process_that_dies(guest: Make, body: str, says: str) -> None:
    infer = f"import os\nclass Model:\n  def run(self):\n    print('last words')\n    {body}"
    found, detail = code(guest(infer))
    assert found == "MODEL_DIED"
    assert says in detail
    assert "last words" in detail


def test_a_process_that_dies_in_its_set_up(guest: Make) -> None:
    found, _ = code(guest("import os\nclass Model:\n  def setup(self): os._exit(1)\n  def run(self): pass"))
    assert found == "MODEL_DIED"


def test_after_a_death_the_other_examples_still_run(guest: Make) -> None:
    infer = "import os\nclass Model:\n  def run(self, die: bool): return os._exit(1) if die else 'alive'"
    examples = [{"Input": {"die": True}}, {"Input": {"die": False}, "Output": "alive"}]
    tested = guest(infer, examples=examples).test()
    assert [example["Passed"] for example in tested.report["Examples"]] == [False, True]
    assert tested.status == 1


@pytest.mark.parametrize("body", ["time.sleep(600)", "subprocess.run(['sleep', '600'])"])
def test_a_run_without_end_is_cut_off(guest: Make, body: str) -> None:
    infer = f"import subprocess, time\nclass Model:\n  def run(self): {body}"
    found, detail = code(guest(infer, environment={"JID_TIMEOUT": "0.5"}))
    assert found == "TIMED_OUT"
    assert "0.5 seconds" in detail


def test_whatever_the_model_prints_there_is_one_document(guest: Make) -> None:
    infer = """
        import os, sys
        print("while importing")
        class Model:
            def run(self):
                print('{"Passed": true}')
                os.write(1, b"straight to the descriptor")
                os.system("echo from a shell")
                print("to standard error", file=sys.stderr)
                sys.stdout.close()
                return "done"
    """
    tested = guest(infer).test()
    assert tested.report["Examples"][0]["Output"] == "done"
    for words in ("while importing", "straight to the descriptor", "from a shell", "to standard error"):
        assert words in tested.shown


def test_prints_without_end_are_cut(guest: Make) -> None:
    infer = "class Model:\n  def run(self):\n    for _ in range(300): print('x' * 10000)\n    return 'done'"
    tested = guest(infer).test()
    assert tested.status == 0
    assert len(tested.shown) < 1_200_000
    assert "the model printed more than is shown here" in tested.shown


def test_a_broken_configuration_is_reported_in_the_same_form(guest: Make) -> None:
    found, detail = code(guest(HELLO, environment={"JID_CONFIG": "/nowhere/jid.json"}))
    assert found == "CONFIG_INVALID"
    assert "JID_CONFIG" in detail


def test_without_a_place_for_temporary_files_there_is_a_report_all_the_same(guest: Make) -> None:
    infer = "class Model:\n  def run(self): return 'x'"
    command = f"import tempfile; tempfile.tempdir = '/nowhere'; import sys; sys.argv = ['jid', 'test']; {START}"
    package = guest(infer)
    done = subprocess.run(
        [sys.executable, "-c", command], env=package.environ(), capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert json.loads(done.stdout)["Error"]["Code"] == "INTERNAL"


def test_nothing_is_left_behind(guest: Make) -> None:
    infer = "import tempfile\nclass Model:\n  def run(self): return tempfile.mkstemp()[1] and 'x'"
    package = guest(infer)
    assert package.test().status == 0
    assert package.litter == []


def test_schema_alone_needs_no_set_up(guest: Make) -> None:
    infer = "class Model:\n  def setup(self): raise OSError\n  def run(self, a: int) -> float: return a / 2"
    done = guest(infer).run("schema")
    assert done.returncode == 0
    assert json.loads(done.stdout)["Output"] == {"type": "number"}


def test_schema_of_a_class_that_is_missing(guest: Make) -> None:
    done = guest("x = 1").run("schema")
    assert done.returncode == 1
    assert done.stderr.startswith("MODEL_NOT_FOUND: ")
