"""Every type that run() may take: what fits, what does not, and what the model gets."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.runtime.client import Answer, Upload
from tests.runtime.guest import Guest, Server

INFER = """
    from __future__ import annotations
    from typing import Any, Dict, List, Literal, Optional, Union
    import jid

    class Model(jid.Model):
        def run(
            self,
            text: str = "t",
            whole: int = 1,
            number: float = 1.5,
            flag: bool = False,
            plain_list: list = None,
            plain_dict: dict = None,
            numbers: List[int] = None,
            scores: Dict[str, float] = None,
            maybe: Optional[int] = None,
            either: Union[int, str] = 0,
            colour: Literal["red", "green", 3] = "red",
            anything: Any = None,
            nested: Dict[str, List[Optional[float]]] = None,
            files: List[jid.Path] = None,
            bounded: int = jid.Input(5, ge=1, le=10, description="how many"),
            short: str = jid.Input("abc", min_length=2, max_length=4),
            few: List[int] = jid.Input([1], min_length=1, max_length=2),
            code: str = jid.Input("A1", regex="^[A-Z][0-9]$"),
            pick: str = jid.Input("a", choices=["a", "b"]),
            guessed=7,
        ) -> dict:
            given = dict(locals())
            del given["self"]
            if files:
                given["files"] = [file.read_text() for file in files]
            return {name: [type(value).__name__, value] for name, value in given.items()}
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    import sys

    with Guest(tmp_path_factory.mktemp("types"), sys.executable, INFER).serving() as running:
        yield running


def got(answer: Answer, name: str) -> Any:
    assert answer.status == 200, answer.text
    return answer.json()[name]


@pytest.mark.parametrize(
    ("name", "given", "type_", "arrives"),
    [
        ("text", "hällo ✓", "str", "hällo ✓"),
        ("text", "", "str", ""),
        ("whole", 3, "int", 3),
        ("whole", 3.0, "int", 3),
        ("whole", -(2**70), "int", -(2**70)),
        ("number", 2, "float", 2.0),
        ("number", 1e300, "float", 1e300),
        ("flag", True, "bool", True),
        ("plain_list", [1, "a", None], "list", [1, "a", None]),
        ("plain_dict", {"a": [1]}, "dict", {"a": [1]}),
        ("numbers", [1, 2.0], "list", [1, 2]),
        ("numbers", None, "NoneType", None),
        ("scores", {"a": 1}, "dict", {"a": 1.0}),
        ("maybe", None, "NoneType", None),
        ("maybe", 4, "int", 4),
        ("either", 4, "int", 4),
        ("either", "four", "str", "four"),
        ("colour", "green", "str", "green"),
        ("colour", 3, "int", 3),
        ("anything", {"x": [None, 1.5, "y"]}, "dict", {"x": [None, 1.5, "y"]}),
        ("anything", 3.0, "float", 3.0),
        ("nested", {"a": [1, None]}, "dict", {"a": [1.0, None]}),
        ("files", ["data:,one", "data:;base64,dHdv"], "list", ["one", "two"]),
        ("bounded", 10, "int", 10),
        ("short", "ab", "str", "ab"),
        ("few", [1, 2], "list", [1, 2]),
        ("code", "Z9", "str", "Z9"),
        ("pick", "b", "str", "b"),
        ("guessed", 8, "int", 8),
    ],
)
def test_what_fits_arrives_as_its_type(server: Server, name: str, given: Any, type_: str, arrives: Any) -> None:
    assert got(server.infer(**{name: given}), name) == [type_, arrives]


@pytest.mark.parametrize(
    ("name", "given", "pointer", "code"),
    [
        ("text", 3, "/text", "WRONG_TYPE"),
        ("text", None, "/text", "WRONG_TYPE"),
        ("whole", "3", "/whole", "WRONG_TYPE"),
        ("whole", 3.5, "/whole", "WRONG_TYPE"),
        ("whole", True, "/whole", "WRONG_TYPE"),
        ("number", "1", "/number", "WRONG_TYPE"),
        ("number", False, "/number", "WRONG_TYPE"),
        ("number", 10**400, "/number", "TOO_LARGE"),
        ("flag", 1, "/flag", "WRONG_TYPE"),
        ("flag", "true", "/flag", "WRONG_TYPE"),
        ("plain_list", {}, "/plain_list", "WRONG_TYPE"),
        ("plain_dict", [], "/plain_dict", "WRONG_TYPE"),
        ("numbers", [1, "b"], "/numbers/1", "WRONG_TYPE"),
        ("scores", {"a/b": "x"}, "/scores/a~1b", "WRONG_TYPE"),
        ("maybe", "x", "/maybe", "WRONG_TYPE"),
        ("either", [], "/either", "WRONG_TYPE"),
        ("colour", "blue", "/colour", "NOT_A_CHOICE"),
        ("nested", {"a": [True]}, "/nested/a/0", "WRONG_TYPE"),
        ("files", ["/etc/passwd"], "/files/0", "NOT_A_FILE"),
        ("files", ["data:;base64,!!"], "/files/0", "NOT_A_FILE"),
        ("files", [7], "/files/0", "WRONG_TYPE"),
        ("bounded", 0, "/bounded", "TOO_SMALL"),
        ("bounded", 11, "/bounded", "TOO_LARGE"),
        ("short", "a", "/short", "TOO_SHORT"),
        ("short", "abcde", "/short", "TOO_LONG"),
        ("few", [], "/few", "TOO_SHORT"),
        ("few", [1, 2, 3], "/few", "TOO_LONG"),
        ("code", "a1", "/code", "NO_MATCH"),
        ("pick", "c", "/pick", "NOT_A_CHOICE"),
        ("other", 1, "/other", "UNKNOWN"),
    ],
)
def test_what_does_not_fit_is_refused_by_name(server: Server, name: str, given: Any, pointer: str, code: str) -> None:
    answer = server.infer(**{name: given})
    assert answer.status == 422
    assert answer.type == "application/problem+json"
    assert answer.json()["code"] == "INPUT_INVALID"
    assert [(error["pointer"], error["code"]) for error in answer.json()["errors"]] == [(pointer, code)]


def test_a_number_that_no_float_holds_is_refused(server: Server) -> None:
    for name in ("number", "whole", "anything"):
        body = json.dumps({name: 0}).replace("0", "1e999").encode()
        answer = server.send("POST", "/infer", body, {"Content-Type": "application/json"})
        assert [(one["pointer"], one["code"]) for one in answer.json()["errors"]] == [(f"/{name}", "TOO_LARGE")]


def test_what_fits_no_member_of_a_union_is_told_all_of_them(server: Server) -> None:
    assert server.infer(either=[]).json()["detail"] == "either must be a whole number or a text, not a list"
    assert server.infer(maybe="x").json()["detail"] == "maybe must be a whole number, not 'x'"


def test_all_that_is_wrong_is_said_at_once(server: Server) -> None:
    errors = server.infer(text=1, whole="x", other=2).json()["errors"]
    assert [error["pointer"] for error in errors] == ["/text", "/whole", "/other"]


def test_without_inputs_the_defaults_arrive(server: Server) -> None:
    answer = server.send("POST", "/infer")
    assert got(answer, "bounded") == ["int", 5]
    assert got(answer, "few") == ["list", [1]]
    assert got(answer, "guessed") == ["int", 7]


@pytest.mark.parametrize(
    ("fields", "type_", "arrives"),
    [
        ([("text", "3")], "str", "3"),
        ([("whole", "3")], "int", 3),
        ([("number", "3")], "float", 3.0),
        ([("flag", "true")], "bool", True),
        ([("flag", "off")], "bool", False),
        ([("numbers", "1"), ("numbers", "2")], "list", [1, 2]),
        ([("numbers", "[1, 2]")], "list", [1, 2]),
        ([("plain_dict", '{"a": 1}')], "dict", {"a": 1}),
        ([("maybe", "")], "NoneType", None),
        ([("maybe", "5")], "int", 5),
        ([("either", "5")], "int", 5),
        ([("either", "five")], "str", "five"),
        ([("colour", "3")], "int", 3),
        ([("anything", "[1]")], "list", [1]),
        ([("anything", "plain")], "str", "plain"),
    ],
)
def test_fields_of_a_form_are_read_by_type(
    server: Server, fields: list[tuple[str, str]], type_: str, arrives: Any
) -> None:
    name = fields[0][0]
    assert got(server.form(*fields), name) == [type_, arrives]
    assert got(server.multipart(*fields), name) == [type_, arrives]


@pytest.mark.parametrize("field", [("whole", "three"), ("flag", "maybe"), ("number", "NaN"), ("whole", "3.5")])
def test_fields_that_do_not_read_as_their_type(server: Server, field: tuple[str, str]) -> None:
    answer = server.form(field)
    assert answer.status == 422
    assert answer.json()["errors"][0]["pointer"] == "/" + field[0]


def test_several_files_in_a_form_are_a_list(server: Server) -> None:
    answer = server.multipart(("files", Upload("same.txt", b"one")), ("files", Upload("same.txt", b"two")))
    assert got(answer, "files") == ["list", ["one", "two"]]


def test_a_file_for_a_text_is_its_text(server: Server) -> None:
    assert got(server.multipart(("text", Upload("note.txt", "grüß".encode()))), "text") == ["str", "grüß"]


def test_deep_and_foreign_json_is_refused(server: Server) -> None:
    deep = "[" * 1_000_000 + "]" * 1_000_000
    headers = {"Content-Type": "application/json"}
    for body, status in (
        ('{"anything": ' + deep + "}", 400),
        ('{"anything": ' + "[" * 200 + "]" * 200 + "}", 422),
        ('{"number": NaN}', 400),
        ("[1]", 400),
        ("{", 400),
    ):
        assert server.send("POST", "/infer", body.encode(), headers).status == status


def test_openapi_describes_the_inputs_that_are_checked(server: Server) -> None:
    document = server.get("/openapi.json").json()
    assert document["openapi"].startswith("3.1")
    known = document["components"]["schemas"]["Input"]["properties"]
    assert known["bounded"] == {
        "type": "integer",
        "minimum": 1,
        "maximum": 10,
        "description": "how many",
        "default": 5,
    }
    assert known["files"]["anyOf"][0] == {"type": "array", "items": {"type": "string", "format": "uri"}}
    assert known["colour"] == {"enum": ["red", "green", 3], "default": "red"}


def test_new_style_unions_and_lists(guest: Callable[..., Guest]) -> None:
    infer = "class Model:\n  def run(self, a: int | None = None, b: list[str] | str = 'x'): return [a, b]"
    with guest(infer).serving() as server:
        assert server.infer(a=3, b=["y"]).json() == [3, ["y"]]
        assert server.infer().json() == [None, "x"]
        assert server.infer(a="3").status == 422


def test_free_form_inputs(guest: Callable[..., Guest]) -> None:
    infer = "class Model:\n  def run(self, **inputs): return {k: getattr(v, 'name', v) for k, v in inputs.items()}"
    with guest(infer).serving() as server:
        assert server.infer(any=1, thing=["goes"]).json() == {"any": 1, "thing": ["goes"]}
        assert server.multipart(("f", Upload("a.txt", b"x")), ("n", "1")).json() == {"f": "a.txt", "n": 1}
