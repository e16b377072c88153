"""YAML that a config does not need is refused, by name and line."""

from __future__ import annotations

import pytest

from modelserver.jidfile import MOST_BYTES
from tests.core.test_jidfile import HEAD, faults, only


@pytest.mark.parametrize(
    ("text", "code", "line"),
    [
        (HEAD + "environment: &e {}\n", "YAML_ANCHOR", 3),
        (HEAD + "environment: !!python/object:os.system {}\n", "YAML_TAG", 3),
        (HEAD + "environment:\n  cuda: !!str 12\n", "YAML_TAG", 4),
        (HEAD + "---\nname: b\n", "SEVERAL_DOCUMENTS", 3),
        (HEAD + "examples: [{input: {x: " + "[" * 40 + "]" * 40 + "}}]\n", "TOO_DEEP", 3),
        (HEAD + "examples: [\n", "BROKEN_YAML", 4),
        (HEAD + "\tx: 1\n", "BROKEN_YAML", 3),
        (HEAD + "x: \x00\n", "BROKEN_YAML", 3),
        (HEAD.encode() + b"x: \xff\n", "NOT_UTF8", 3),
        (HEAD.encode("utf-16"), "NOT_UTF8", 1),
        (HEAD + 'examples: [{input: {x: "\\ud800"}}]\n', "NOT_UNICODE", 3),
        (HEAD + "#" * MOST_BYTES, "CONFIG_TOO_LARGE", None),
    ],
)
def test_yaml_that_is_refused(text: str | bytes, code: str, line: int | None) -> None:
    fault = only(text)
    assert (fault.code, fault.line) == (code, line)


def test_an_alias_is_named_with_its_anchor() -> None:
    found = faults(HEAD + "environment: &a {}\nexamples: *a\n")
    assert [(fault.code, fault.line) for fault in found] == [("YAML_ANCHOR", 3), ("YAML_ALIAS", 4)]


def test_a_merge_key_is_only_an_unknown_key() -> None:
    assert only(HEAD + "<<: {cuda: 12}\n").code == "UNKNOWN_KEY"


@pytest.mark.parametrize("text", ["", "# nothing\n", "---\n", "null\n"])
def test_a_file_that_says_nothing_lacks_name_and_model(text: str) -> None:
    assert [fault.code for fault in faults(text)] == ["MISSING_KEY", "MISSING_KEY"]


@pytest.mark.parametrize("text", ["just text", "[name, model]", "- name: a"])
def test_a_file_that_is_no_table(text: str) -> None:
    assert only(text).code == "WRONG_TYPE"
