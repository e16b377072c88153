"""The schema for editors and the server agree on jid.yaml."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from jsonschema import Draft202012Validator

from modelserver import jidfile
from modelserver.errors import InvalidPackage

SCHEMA = json.loads(Path(jidfile.__file__).with_name("jid.schema.json").read_bytes())
HEAD = "name: a\nmodel: infer.py:Model\n"
GOOD = [
    HEAD,
    "name: andreas/scratch\nmodel: src/my_model.py:Model2\n",
    HEAD + "environment:\n",
    HEAD + "environment: {python_version: 3.10}\n",
    HEAD + "environment: {python_version: '3.6', cuda: 11, cudnn: 8.9}\n",
    HEAD + "environment: {cuda: '12.8.1', cudnn: '9'}\n",
    HEAD
    + "environment: {python_packages: [torch==2.7.0+cu128, 'a[b,c]==1!2.0rc1'], system_packages: [g++, a1=1:2-3]}\n",
    HEAD + "environment: {python_requirements: deps/requirements.txt, architectures: [gpu]}\n",
    HEAD + "environment: {python_packages: [], system_packages:, architectures:}\n",
    HEAD + "examples: []\n",
    HEAD + "examples: [{input: {}}, {input: {a: [1, null]}, output: 3}, {input: {}, error: nope}]\n",
]
BAD = [
    "{}",
    "[]",
    "text",
    "name: a\n",
    "model: infer.py:Model\n",
    "name: A\nmodel: infer.py:Model\n",
    "name: a/\nmodel: infer.py:Model\n",
    "name: 'a b'\nmodel: infer.py:Model\n",
    f"name: {'a' * 129}\nmodel: infer.py:Model\n",
    "name: a\nmodel: infer.py\n",
    "name: a\nmodel: ../infer.py:Model\n",
    "name: a\nmodel: /infer.py:Model\n",
    "name: a\nmodel: infer.txt:Model\n",
    HEAD + "version: 1\n",
    HEAD + "environment: []\n",
    HEAD + "environment: {python: 3.12}\n",
    HEAD + "environment: {python_version: '2.7'}\n",
    HEAD + "environment: {python_version: 2.7}\n",
    HEAD + "environment: {python_version: '3.15'}\n",
    HEAD + "environment: {python_requirements: ../r.txt}\n",
    HEAD + "environment: {python_requirements: a//b}\n",
    HEAD + "environment: {python_packages: torch==2.7.0}\n",
    HEAD + "environment: {python_packages: [torch]}\n",
    HEAD + "environment: {python_packages: ['torch == 2']}\n",
    HEAD + "environment: {python_packages: [torch==2.*]}\n",
    HEAD + "environment: {python_packages: [a==1, a==1]}\n",
    HEAD + "environment: {system_packages: [ffmpeg-]}\n",
    HEAD + "environment: {system_packages: ['a b']}\n",
    HEAD + "environment: {architectures: []}\n",
    HEAD + "environment: {architectures: [tpu]}\n",
    HEAD + "environment: {architectures: [cpu, cpu]}\n",
    HEAD + "environment: {cuda: x}\n",
    HEAD + "environment: {cudnn: 1.2.3.4}\n",
    HEAD + "examples: {}\n",
    HEAD + "examples: [{}]\n",
    HEAD + "examples: [{input: 3}]\n",
    HEAD + "examples: [{input: {}, outputs: 3}]\n",
    HEAD + "examples: [{input: {}, output: 3, error: x}]\n",
    HEAD + "examples: [{input: {}, error: ' '}]\n",
]


def complaints(text: str) -> list[str]:
    return [error.message for error in Draft202012Validator(SCHEMA).iter_errors(yaml.safe_load(text))]


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("text", GOOD)
def test_both_accept(text: str) -> None:
    jidfile.parse(text.encode(), None)
    assert complaints(text) == []


@pytest.mark.parametrize("text", BAD)
def test_both_refuse(text: str) -> None:
    with pytest.raises(InvalidPackage):
        jidfile.parse(text.encode(), None)
    assert complaints(text)


def test_every_key_says_what_it_is_for() -> None:
    tables = [SCHEMA, SCHEMA["properties"]["environment"], SCHEMA["properties"]["examples"]["items"]]
    for table in tables:
        assert all(key["description"] for key in table["properties"].values())
