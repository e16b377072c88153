"""A name, version or path can only be a name, version or path: the instructions do not depend on the values.

Hostile values are put through the front door, the parser; what it lets through goes on. Then the parser is
left out, and quoting alone must hold.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from modelserver.completion import Wheels, complete, wheels
from modelserver.dockerfile import dockerfile, labels_of
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
    *("\n", "\r", "\nRUN id\n", "\\", "\\\n", "`id`", "$(id)", "${HOME}", "$HOME", ";id", "&&id", "|id", "'", '"', " "),
    *("#", "\x00", "\x85", "\u2028", "\u00a0", " --x", " -x", "*", "?", "[", "]", "{", "}", "<", ">", "~", "!", "%"),
    *("../", "/", "@", ":", "=", "==", "１", "٣", "🦜", "\u202e", "+", "-"),
]
SEEDS = {
    "name": ("a", "andreas/scratch"),
    "model": ("infer.py:Model", "src/infer.py:Model"),
    "python_version": ("3.12", "3.8"),
    "python_requirements": ("r.txt", "my deps/r.txt"),
    "python_packages": ("a==1", "b[c]==1.0+x"),
    "system_packages": ("ffmpeg", "g++=1:2"),
    "cuda": ("12.8", "12.8.1"),
    "cudnn": ("9", "9.3"),
}


def corrupted(seed: str) -> Iterator[str]:
    """The seed, and the seed with each hostile text before, in and after it."""
    yield seed
    for text in HOSTILE:
        for at in (0, len(seed) // 2, len(seed)):
            yield seed[:at] + text + seed[at:]


def dockerfiles(document: dict[str, Any]) -> list[str]:
    """Both Dockerfiles of a document, or none if it was refused. JSON is YAML."""
    try:
        asked = parse(json.dumps(document).encode(), None)
        config, completion = complete(asked, "", FACTS, "3.12")
    except InvalidPackage:
        return []
    return [
        dockerfile(
            config,
            architecture,
            wheels(config, "", FACTS, architecture, completion),
            labels=labels_of(config, "a" * 40),
        )
        for architecture in config.environment.architectures
    ]


def with_value(key: str, value: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(json.dumps(PLAIN))
    held = document if key in document else document["environment"]
    held[key] = [value] if isinstance(held[key], list) else value
    return document


def shape(text: str) -> list[tuple[str, int]]:
    """Each instruction's word, and how many commands its shell would run."""
    return [(line.word, len(line.commands) if line.word == "RUN" else 0) for line in instructions(text)]


def words(text: str) -> list[str]:
    """The words of all commands."""
    return [word for line in instructions(text) if line.word == "RUN" for command in line.commands for word in command]


EXPECTED = [shape(text) for text in dockerfiles(PLAIN)]


@pytest.mark.parametrize("key", SEEDS)
def test_the_instructions_do_not_depend_on_the_values(key: str) -> None:
    for seed in SEEDS[key]:
        assert dockerfiles(with_value(key, seed)), seed
        for value in corrupted(seed):
            for text, expected in zip(dockerfiles(with_value(key, value)), EXPECTED, strict=False):
                assert shape(text) == expected, value
                assert text.isascii()
                assert key not in ("python_packages", "system_packages") or words(text).count(value) == 1


@given(st.sampled_from(sorted(SEEDS)), st.text(max_size=20))
def test_nor_on_any_text(key: str, value: str) -> None:
    for text, expected in zip(dockerfiles(with_value(key, value)), EXPECTED, strict=False):
        assert shape(text) == expected


@given(st.text(st.characters(codec="ascii", exclude_characters="\n\r"), min_size=1, max_size=20))
def test_quoting_holds_without_the_grammar(value: str) -> None:
    """One line of any text is one word, were it to come this far."""
    config = complete(parse(json.dumps(PLAIN).encode(), None), "", FACTS, "3.12")[0]
    environment = replace(config.environment, system_packages=(value,))
    text = dockerfile(replace(config, environment=environment), "cpu", Wheels((value,), (value,), (value,), (value,)))
    plain = dockerfile(config, "cpu", Wheels(("a",), ("a",), ("a",), ("a",)))
    assert shape(text) == shape(plain)
    assert words(text).count(value) >= words(plain).count("a")


def test_a_plain_value_goes_through_both_doors() -> None:
    assert len(EXPECTED) == 2
