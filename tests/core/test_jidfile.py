"""jid.yaml is read as it was written; whatever is wrong comes back with its place and cure."""

from __future__ import annotations

import pytest

from modelserver.config import Config, Environment, Example, ModelName
from modelserver.errors import Fault, InvalidPackage
from modelserver.jidfile import parse
from modelserver.jidyaml.lines import locating

MEMBERS = frozenset({"jid.yaml", "infer.py", "src/model.py", "requirements.txt", "cat.jpg"})
HEAD = "name: andreas/scratch\nmodel: infer.py:Model\n"


def faults(text: str | bytes, members: frozenset[str] | None = MEMBERS) -> tuple[Fault, ...]:
    with pytest.raises(InvalidPackage) as caught:
        parse(text.encode() if isinstance(text, str) else text, members)
    return caught.value.faults


def only(text: str | bytes) -> Fault:
    found = faults(text)
    assert len(found) == 1, found
    return found[0]


def environment(lines: str) -> str:
    return HEAD + "environment:\n" + "".join(f"  {line}\n" for line in lines.splitlines())


def test_everything_that_can_be_said() -> None:
    config = parse(
        b"""\
name: andreas/scratch            # a comment
model: src/model.py:Model
environment:
  python_version: "3.12"
  python_requirements: requirements.txt
  python_packages: [torch==2.7.0, "pillow==11.0.0", 'uvicorn[standard]==0.30.0']
  system_packages: [ffmpeg, libgl1=1.6.0-1, g++, libstdc++6]
  architectures: [cpu, gpu]
  cuda: "12.8"
  cudnn: "9"
examples:
  - input: {text: hello, image: "@cat.jpg"}
    output: hello world
  - input: {}
    error: too long
""",
        MEMBERS,
    )
    assert config == Config(
        ModelName("andreas/scratch"),
        "src/model.py:Model",
        Environment(
            python_version="3.12",
            python_requirements="requirements.txt",
            python_packages=("torch==2.7.0", "pillow==11.0.0", "uvicorn[standard]==0.30.0"),
            system_packages=("ffmpeg", "libgl1=1.6.0-1", "g++", "libstdc++6"),
            architectures=("cpu", "gpu"),
            cuda="12.8",
            cudnn="9",
        ),
        (
            Example({"text": "hello", "image": "@cat.jpg"}, "hello world"),
            Example({}, None, "too long"),
        ),
    )


def test_the_least_that_must_be_said() -> None:
    assert parse(HEAD.encode(), MEMBERS) == Config(ModelName("andreas/scratch"), "infer.py:Model")


@pytest.mark.parametrize("nothing", ["environment:", "environment: {}", "examples:", "examples: []", "# nothing"])
def test_a_key_with_nothing_after_it_is_as_if_not_there(nothing: str) -> None:
    assert parse(f"{HEAD}{nothing}\n".encode(), MEMBERS).environment == Environment()


@pytest.mark.parametrize(
    ("line", "key", "text"),
    [
        ("python_version: 3.10", "python_version", "3.10"),
        ("python_version: '3.9'", "python_version", "3.9"),
        ("cuda: 11", "cuda", "11"),
        ("cuda: 11.0", "cuda", "11.0"),
        ("cuda: 12.10", "cuda", "12.10"),
        ("cudnn: 9", "cudnn", "9"),
    ],
)
def test_a_version_without_quotes_is_the_text_that_was_written(line: str, key: str, text: str) -> None:
    assert getattr(parse(environment(line).encode(), MEMBERS).environment, key) == text


def test_a_byte_order_mark_and_windows_lines_are_tolerated() -> None:
    text = b"\xef\xbb\xbf" + HEAD.replace("\n", "\r\n").encode()
    assert parse(text, MEMBERS).model == "infer.py:Model"


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("null", None),
        ("~", None),
        ("true", True),
        ("False", False),
        ("12", 12),
        ("-0.5", -0.5),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("9223372036854775807", 2**63 - 1),
        ("no", "no"),
        ("2020-01-01", "2020-01-01"),
        ("3:8", "3:8"),
        ("0x1F", "0x1F"),
        ("007", "007"),
        ("1_000", "1_000"),
        ("'12'", "12"),
        ("[1, {a: b}]", [1, {"a": "b"}]),
        ('"\\u00e4"', "ä"),
        ("@ work", None),
    ],
)
def test_an_input_is_what_json_would_say(written: str, value: object) -> None:
    if written.startswith("@"):
        written, value = f"'{written}'", written
    config = parse(f"{HEAD}examples: [{{input: {{x: {written}}}}}]".encode(), MEMBERS)
    assert config.examples[0].input == {"x": value}


def test_without_the_package_files_are_not_looked_for() -> None:
    text = environment("python_requirements: gone.txt") + "examples: [{input: {f: '@gone.jpg'}}]\n"
    assert parse(text.encode(), None).environment.python_requirements == "gone.txt"


@pytest.mark.parametrize(
    ("text", "pointer", "line", "code", "said"),
    [
        ("name: a\n", "", 1, "MISSING_KEY", "model"),
        ("model: infer.py:Model\n", "", 1, "MISSING_KEY", "name"),
        (HEAD + "nmae: x\n", "/nmae", 3, "UNKNOWN_KEY", "did you mean name?"),
        (HEAD + "enviroment: {}\n", "/enviroment", 3, "UNKNOWN_KEY", "did you mean environment?"),
        (HEAD + "a/b~c: x\n", "/a~1b~0c", 3, "UNKNOWN_KEY", "the keys are name, model"),
        (HEAD + "name: b\n", "/name", 3, "DUPLICATE_KEY", "already on line 1"),
        ("name: Andreas/Scratch\nmodel: infer.py:Model\n", "/name", 1, "INVALID_NAME", "andreas/scratch"),
        ("name: [a]\nmodel: infer.py:Model\n", "/name", 1, "WRONG_TYPE", "a list"),
        ("name: a\nmodel: infer.py\n", "/model", 2, "INVALID_MODEL", "infer.py:Model"),
        ("name: a\nmodel: ../infer.py:Model\n", "/model", 2, "INVALID_MODEL", ""),
        ("name: a\nmodel: /infer.py:Model\n", "/model", 2, "INVALID_MODEL", ""),
        ("name: a\nmodel: infer.py:my model\n", "/model", 2, "INVALID_MODEL", ""),
        ("name: a\nmodel: infre.py:Model\n", "/model", 2, "MODEL_FILE_MISSING", "did you mean infer.py?"),
        (HEAD + "environment: [a]\n", "/environment", 3, "WRONG_TYPE", "a table"),
        (HEAD + "examples: {}\n", "/examples", 3, "WRONG_TYPE", "a list"),
        (HEAD + "examples: [3]\n", "/examples/0", 3, "WRONG_TYPE", "a table"),
        (HEAD + "examples:\n  - output: 3\n", "/examples/0", 4, "MISSING_KEY", "input"),
        (HEAD + "examples:\n  - input: [1]\n", "/examples/0/input", 4, "WRONG_TYPE", "a table"),
        (HEAD + "examples:\n  - {input: {}, inptu: 1}\n", "/examples/0/inptu", 4, "UNKNOWN_KEY", "input?"),
        (HEAD + "examples: [{input: {}, output: 1, error: x}]", "/examples/0/error", 3, "OUTPUT_AND_ERROR", ""),
        (HEAD + "examples: [{input: {x: .nan}}]", "/examples/0/input/x", 3, "INVALID_NUMBER", "JSON"),
        (HEAD + "examples: [{input: {x: -.inf}}]", "/examples/0/input/x", 3, "INVALID_NUMBER", "JSON"),
        (HEAD + "examples: [{input: {x: 1e999}}]", "/examples/0/input/x", 3, "INVALID_NUMBER", "JSON"),
        (HEAD + "examples: [{input: {x: 9223372036854775808}}]", "/examples/0/input/x", 3, "INVALID_NUMBER", ""),
        (HEAD + "examples: [{input: {}, output: " + "9" * 5000 + "}]", "/examples/0/output", 3, "INVALID_NUMBER", ""),
        (HEAD + "examples: [{input: {f: '@cta.jpg'}}]", "/examples/0/input/f", 3, "EXAMPLE_FILE_MISSING", "cat.jpg?"),
        (HEAD + "examples: [{input: {f: ['@no.jpg']}}]", "/examples/0/input/f/0", 3, "EXAMPLE_FILE_MISSING", ""),
        (HEAD + "examples: [{input: {}, output: '@no.jpg'}]", "/examples/0/output", 3, "EXAMPLE_FILE_MISSING", ""),
        (HEAD + "examples: [{input: {f: '@../cat.jpg'}}]", "/examples/0/input/f", 3, "INVALID_PATH", ".."),
    ],
)
def test_one_fault(text: str, pointer: str, line: int, code: str, said: str) -> None:
    fault = only(text)
    assert (fault.pointer, fault.line, fault.code) == (pointer, line, code)
    assert said in f"{fault.detail} {fault.hint}"
    assert fault.hint


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("python_version: 3.1", "INVALID_PYTHON_VERSION", "3.10"),
        ("python_version: 3.10.4", "INVALID_PYTHON_VERSION", '"3.10"'),
        ("python_version: 2.7", "INVALID_PYTHON_VERSION", "3.6"),
        ('python_version: "3.12\\n"', "INVALID_PYTHON_VERSION", ""),
        ("python_version: 3.１２", "INVALID_PYTHON_VERSION", ""),
        ("python_version: [3.12]", "WRONG_TYPE", "a text"),
        ("python_packages: torch==2.7.0", "WRONG_TYPE", "a list"),
        ("python_packages: [torch]", "UNPINNED_PACKAGE", "torch==<version>"),
        ("python_packages: [torch>=2]", "UNPINNED_PACKAGE", "torch==<version>"),
        ("python_packages: [torch==2.*]", "UNPINNED_PACKAGE", "torch==<version>"),
        ("python_packages: ['torch==2,<3']", "UNPINNED_PACKAGE", ""),
        ("python_packages: [torch===2.0]", "UNPINNED_PACKAGE", ""),
        ("python_packages: [torch == 2.0]", "INVALID_PACKAGE", "torch==2.0"),
        ("python_packages: ['torch==2.0;python_version>\"3\"']", "INVALID_PACKAGE", "python_requirements"),
        ("python_packages: ['a @ https://example.com/a.whl']", "INVALID_PACKAGE", "python_requirements"),
        ("python_packages: [--index-url=https://example.com]", "INVALID_PACKAGE", "python_requirements"),
        ("python_packages: ['a==1 --hash=x']", "UNPINNED_PACKAGE", ""),
        ("python_packages: [git+https://example.com/a]", "INVALID_PACKAGE", "python_requirements"),
        ('python_packages: ["a==1\\n"]', "INVALID_PACKAGE", "space"),
        ("python_packages: [null]", "WRONG_TYPE", "nothing"),
        ("python_packages: [a_b==1, A-B==2]", "DUPLICATE_ITEM", "a_b==1"),
        ("system_packages: [ffmpeg-]", "INVALID_SYSTEM_PACKAGE", "Debian"),
        ("system_packages: [ffmpeg+]", "INVALID_SYSTEM_PACKAGE", "Debian"),
        ("system_packages: [ffmpeg/stable]", "INVALID_SYSTEM_PACKAGE", "Debian"),
        ("system_packages: ['lib*']", "INVALID_SYSTEM_PACKAGE", "Debian"),
        ("system_packages: ['a; rm -rf /']", "INVALID_SYSTEM_PACKAGE", "Debian"),
        ("system_packages: [-y]", "INVALID_SYSTEM_PACKAGE", "Debian"),
        ("system_packages: [ffmpeg, ffmpeg=7]", "DUPLICATE_ITEM", "ffmpeg"),
        ("architectures: []", "INVALID_ARCHITECTURE", "[cpu, gpu]"),
        ("architectures: [tpu]", "INVALID_ARCHITECTURE", "cpu"),
        ("architectures: [cpu, cpu]", "DUPLICATE_ITEM", "cpu"),
        ("architectures: gpu", "WRONG_TYPE", "a list"),
        ("cuda: latest", "INVALID_CUDA", "12.8"),
        ("cuda: 11.8.0.1", "INVALID_CUDA", "12.8"),
        ("cuda: ''", "INVALID_CUDA", "12.8"),
        ("cudnn: v8", "INVALID_CUDNN", "9"),
        ("python_requirements: gone.txt", "REQUIREMENTS_FILE_MISSING", "gone.txt"),
        ("python_requirements: ../requirements.txt", "INVALID_PATH", "relative"),
        ("python_requirements: 'a;b'", "INVALID_PATH", ""),
        ("python_requirements: $HOME", "INVALID_PATH", ""),
        ("python: 3.12", "UNKNOWN_KEY", "did you mean python_version?"),
    ],
)
def test_one_fault_in_the_environment(line: str, code: str, said: str) -> None:
    fault = only(environment(line))
    assert (fault.code, fault.line) == (code, 4)
    assert fault.pointer.startswith(f"/environment/{line.partition(':')[0]}")
    assert said in f"{fault.detail} {fault.hint}"


def test_all_faults_come_at_once_in_the_order_of_their_lines() -> None:
    found = faults(
        """\
name: Andreas
model: infer.txt:Model
environment:
  python_version: 3.1
  python_packages: [torch, pillow==11.0.0]
  cuda: x
  cuda: 12
exampels: []
"""
    )
    assert [(fault.line, fault.code) for fault in found] == [
        (1, "INVALID_NAME"),
        (2, "INVALID_MODEL"),
        (4, "INVALID_PYTHON_VERSION"),
        (5, "UNPINNED_PACKAGE"),
        (6, "INVALID_CUDA"),
        (7, "DUPLICATE_KEY"),
        (8, "UNKNOWN_KEY"),
    ]


def test_thousands_of_faults_are_cut_off_and_counted() -> None:
    found = faults(HEAD + "".join(f"key{number}: 1\n" for number in range(3000)))
    assert len(found) == 101
    assert found[-1].code == "MORE_FAULTS"
    assert "2900 more" in found[-1].detail


def test_faults_found_later_get_their_lines() -> None:
    text = environment("python_packages:\n- pillow==11.0.0\n- torch==9.9.9").encode()
    later = [
        Fault("/environment/python_packages/1", "X", "of an item"),
        Fault("/environment/cuda", "X", "of a key that is not there"),
        Fault("/name", "X", "has one", line=7),
        Fault("requirements.txt", "X", "of a file"),
    ]
    with pytest.raises(InvalidPackage) as caught, locating(text):
        raise InvalidPackage("later", faults=later)
    assert [fault.line for fault in caught.value.faults] == [6, 3, 7, None]
