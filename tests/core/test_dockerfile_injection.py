"""A name, version or path can only be a name, version or path: the instructions do not depend on the values.

Values are drawn hostile and put through the front door, the parser; what it lets through goes on.
"""

from __future__ import annotations

import json
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from modelserver.completion import complete, wheels
from modelserver.errors import InvalidPackage
from modelserver.frameworks import Facts
from modelserver.jidfile import parse
from tests.core.dockerfiles import instructions

FACTS = Facts.load()
PLAIN: dict[str, Any] = {
    "name": "a",
    "model": "infer.py:Model",
    "environment": {
        "python_version": "3.12",
        "python_requirements": "r.txt",
        "python_packages": ["pillow==11.0.0"],
        "system_packages": ["ffmpeg"],
        "cuda": "12.8",
        "cudnn": "9",
    },
}
HOSTILE = [
    *("\n", "\r", "\n\nRUN id\n", "\\", "\\\n", "`id`", "$(id)", "${HOME}", "$HOME", ";", "&&", "|", "'", '"', " "),
    *("#", "\x00", "\x85", "\u2028", "\u00a0", "--", "-", "+", "*", "?", "[", "]", "{", "}", "<", ">", "~", "!", "%"),
    *("..", "/", "@", ":", "=", "==", "１", "٣", "🦜", "\u202e"),
]
SEEDS = ["a", "andreas/scratch", "infer.py:Model", "my r.txt", "r.txt", "a==1", "b[c]==1.0+x", "ffmpeg", "g++", "12.8"]
KEYS = ["name", "model", "python_version", "python_requirements", "python_packages", "system_packages", "cuda", "cudnn"]


@st.composite
def hostile(draw: st.DrawFn) -> str:
    seed = draw(st.sampled_from(SEEDS))
    at = draw(st.integers(0, len(seed)))
    return seed[:at] + draw(st.sampled_from(HOSTILE)) + seed[at:]


def dockerfiles(document: dict[str, Any]) -> list[str]:
    """Both Dockerfiles of a document, or none if it was refused. JSON is YAML."""
    from modelserver.dockerfile import dockerfile

    try:
        asked = parse(json.dumps(document).encode(), None)
        config, completion = complete(asked, "", FACTS, "3.12")
    except InvalidPackage:
        return []
    return [
        dockerfile(config, architecture, wheels(config, "", FACTS, architecture, completion), package_id="a" * 40)
        for architecture in config.environment.architectures
    ]


def shape(text: str) -> list[tuple[str, int]]:
    """Each instruction's word, and how many commands its shell would run."""
    return [(line.word, len(line.commands) if line.word == "RUN" else 0) for line in instructions(text)]


EXPECTED = [shape(text) for text in dockerfiles(PLAIN)]


def assert_one_word(text: str, value: str) -> None:
    """The value is one word of one command."""
    lines = [line for line in instructions(text) if line.word == "RUN"]
    assert sum(word == value for line in lines for command in line.commands for word in command) == 1


@given(st.sampled_from(KEYS), st.one_of(hostile(), st.sampled_from(SEEDS), st.text(max_size=20)))
@example("python_requirements", "my r.txt")
@example("python_requirements", "a=b\nRUN id")
@example("system_packages", "g++")
@settings(max_examples=500)
def test_the_instructions_do_not_depend_on_the_values(key: str, value: str) -> None:
    document = json.loads(json.dumps(PLAIN))
    held = document if key in document else document["environment"]
    held[key] = [value] if isinstance(held[key], list) else value
    found = dockerfiles(document)
    assert not found or [shape(text) for text in found] == EXPECTED
    for text in found:
        assert text.isascii()
        if isinstance(held[key], list):
            assert_one_word(text, value)


def test_a_plain_value_goes_through_both_doors() -> None:
    assert len(EXPECTED) == 2
