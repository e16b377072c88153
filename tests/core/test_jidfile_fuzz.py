"""Whatever bytes come as jid.yaml, the answer is a config or a list of faults."""

from __future__ import annotations

import json

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from modelserver.config import Config
from modelserver.errors import InvalidPackage
from modelserver.jidfile import MOST_BYTES, parse

VALID = """\
name: andreas/scratch
model: infer.py:Model
environment:
  python_version: "3.12"
  python_packages: [torch==2.7.0, pillow==11.0.0]
  system_packages: [ffmpeg]
  architectures: [cpu, gpu]
  cuda: 12.8
examples:
  - input: {text: "hello", n: [1, 2.5, null]}
    output: |
      hello
"""
PIECES = [
    *("[", "]", "{", "}", ": ", "- ", "? ", "&a ", "*a", "!!int ", "<<: ", "---\n", "...\n", "%YAML 1.1\n", "\t"),
    *("|", ">", "'", '"', "\\", "\n", "\r", "\x85", "\u2028", "\ufeff", "@", "`", "0x", ".nan", "null", "٣"),
    *("\\ud800", "\\UFFFFFFFF", "\x00", "🦜", "#", "-", "  ", "name", "input", "$(id)", "9" * 5000),
]


def read(content: bytes) -> Config | None:
    """The config, or None where faults came; any other exception is the test's failure."""
    try:
        config = parse(content, frozenset({"infer.py"}))
    except InvalidPackage as problem:
        assert problem.faults
        assert all(fault.code and fault.detail and fault.hint for fault in problem.faults)
        json.dumps(problem.to_json()).encode()
        return None
    json.dumps(config.to_json(), allow_nan=False).encode()
    assert Config.from_json(json.loads(json.dumps(config.to_json()))) == config
    return config


@given(st.binary(max_size=400))
@example(b"%YAML 1." + b"9" * 5000 + b"\n---\n")
@example(b'"\\UFFFFFFFF"')
@example(b"!%ff x")
@example(b"? [a]\n: b")
def test_any_bytes(content: bytes) -> None:
    read(content)


@given(st.lists(st.sampled_from(PIECES), max_size=60))
def test_any_pieces_of_yaml(pieces: list[str]) -> None:
    read("".join(pieces).encode(errors="surrogatepass"))


@given(st.integers(0, len(VALID)), st.integers(0, 12), st.lists(st.sampled_from(PIECES), max_size=3))
@settings(max_examples=300)
def test_a_valid_file_with_a_piece_torn_out_and_others_put_in(at: int, gone: int, put: list[str]) -> None:
    read((VALID[:at] + "".join(put) + VALID[at + gone :]).encode(errors="surrogatepass"))


def test_the_file_that_is_torn_is_valid() -> None:
    assert read(VALID.encode()) is not None


@pytest.mark.parametrize(
    "unit",
    [
        "[",
        "{",
        "{a: ",
        "- ",
        "? ",
        "a: &a [*a]\n",
        "<<: *a\n",
        "!t ",
        "'",
        '"',
        "a\n",
        "a: |\n x\n",
        "#\n",
        "\n",
        "%A\n",
    ],
)
def test_the_largest_file_of_one_piece_over_and_over(unit: str) -> None:
    assert read((unit * (MOST_BYTES // len(unit))).encode()) is None
