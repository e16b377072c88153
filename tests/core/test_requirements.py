"""Which lines of a requirements file are taken, and what each other one is told."""

from __future__ import annotations

import pytest

from modelserver.errors import Fault, InvalidPackage
from modelserver.requirements import check_requirements, logical_lines

_HASH = "sha256:" + "0a" * 32


def faults(text: str) -> tuple[Fault, ...]:
    with pytest.raises(InvalidPackage) as raised:
        check_requirements("deps/r.txt", text)
    return raised.value.faults


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\ufeffnumpy\r\npillow\r\n",
        "# -*- coding: utf-8 -*-\nnumpy  # the usual\n",
        "numpy",
        "NumPy >=1.2, <2",
        "requests[security,socks]>=2.8.1,==2.8.*;python_version<'3.10'",
        "torch==1.7.1+cu101",
        "pip @ https://example.com/pip-1.3.1.zip",
        "pip @ git+https://example.com/pip.git@abc#egg=pip",
        "https://example.com/whl/cpu/x-1.0-py3-none-any.whl",
        f"numpy==1.26.4 --hash={_HASH} --hash {_HASH}",
        f"numpy==1.26.4 \\\n    --hash={_HASH} \\\n    --hash={_HASH}\npillow",
        "-i https://example.com/simple\n--extra-index-url=https://example.com:8443/x?y=z\n-f http://example.com/links",
        "--index-url https://user:word@example.com/simple",
        "--pre\n--prefer-binary\n--require-hashes\n--no-index\n--no-binary :all:\n--only-binary=numpy,scipy",
    ],
)
def test_what_indexes_have_is_taken(text: str) -> None:
    check_requirements("r.txt", text)


@pytest.mark.parametrize("text", ["-r other.txt", "-r/etc/passwd", "-r ../../x", "-c c.txt", "--requirement=/x"])
def test_another_file_is_to_be_merged(text: str) -> None:
    (fault,) = faults(f"numpy\n\n{text}\n")
    assert (fault.pointer, fault.line, fault.code) == ("deps/r.txt", 3, "OTHER_FILE")
    assert "this file" in fault.hint


@pytest.mark.parametrize(
    "text",
    [
        "-e .",
        "-e git+ssh://git@example.com/x",
        "--editable=../x",
        ".",
        "./x",
        "../x",
        "/etc/passwd",
        "~/x",
        "x/y",
        "c:\\x",
        "x.whl",
        "x.tar.gz",
        "file:///etc/passwd",
        "file:x",
        "x @ file:///etc/passwd",
        "x @ ../y",
        "x @ /etc/passwd",
        "x @ git+ssh://git@example.com/x",
        "x @ git+file:///x",
        "-f /etc",
        "--find-links file:///etc",
        "--find-links=.",
        "--index-url https://example.com --find-links /etc",
        "-i",
    ],
)
def test_no_file_is_named(text: str) -> None:
    (fault,) = faults(text)
    assert (fault.line, fault.code) == (1, "LOCAL_FILE")
    assert fault.detail
    assert fault.hint


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("--trusted-host example.com", "OPTION"),
        ("--pre --req /etc/passwd", "OPTION"),
        ("--req x", "OPTION"),
        ("numpy --global-option=x", "OPTION"),
        ("numpy -r /etc/passwd", "OPTION"),
        ("https://example.com/${UV_INDEX_URL}", "VARIABLE"),
        ("numpy=1.2", "INVALID_REQUIREMENT"),
        ("numpy 1.2", "INVALID_REQUIREMENT"),
        ("numpy; " + "(" * 900 + "x", "INVALID_REQUIREMENT"),
        ("numpy; python_version > '" + "3" * 3000 + "'", "INVALID_REQUIREMENT"),
    ],
)
def test_nothing_else_is_guessed_at(text: str, code: str) -> None:
    assert faults(text)[0].code == code


@pytest.mark.parametrize(
    "text",
    [
        "# friendly\u2028-r /etc/passwd",
        "# friendly\x0c-r /etc/passwd",
        "numpy # friendly \\\n-r /etc/passwd",
        "# coding: utf-7\nnumpy",
    ],
)
def test_what_one_reader_takes_for_a_comment_and_another_does_not(text: str) -> None:
    assert "INVALID_REQUIREMENT" in {fault.code for fault in faults(text)}


def test_a_line_that_continues_is_one_and_begins_where_it_begins() -> None:
    text = "# first\nnumpy==1 \\\n  ; os_name == 'posix'  # why\n\n-\\\nr x\nlast \\"
    assert [(line.number, " ".join(line.text.split())) for line in logical_lines(text)] == [
        (2, "numpy==1 ; os_name == 'posix'"),
        (5, "- r x"),
        (7, "last"),
    ]


def test_all_faults_come_at_once() -> None:
    assert [fault.line for fault in faults("-r a\nnumpy\n./b\n--x\n")] == [1, 3, 4]
