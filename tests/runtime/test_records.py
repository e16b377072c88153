"""Types beyond plain JSON: records, bytes, arrays of numpy, images of Pillow; in and out, in JSON and in forms."""

from __future__ import annotations

import base64
import io
import sys
from collections.abc import Callable, Iterator
from typing import Any

import numpy
import pytest
from PIL import Image

from tests.runtime.client import Upload
from tests.runtime.guest import Guest, Server

Make = Callable[..., Guest]

INFER = """
    from dataclasses import dataclass, field
    from enum import Enum
    from typing import Any, Dict, List, Optional, Union
    import numpy
    from numpy.typing import NDArray
    from PIL import Image
    from typing import TypedDict
    import jid

    class Colour(Enum):
        RED = "red"
        BLUE = "blue"

    @dataclass
    class Point:
        x: float
        y: float = 2.0
        tags: List[str] = field(default_factory=list)

    class Named(TypedDict):
        name: str
        at: Point

    class Half(TypedDict, total=False):
        note: str

    class Model(jid.Model):
        def run(
            self,
            point: Point = None,
            named: Named = None,
            half: Half = None,
            points: List[Point] = None,
            either: Union[Point, str, List[List[int]]] = None,
            data: bytes = None,
            many: List[bytes] = None,
            array: numpy.ndarray = None,
            floats: NDArray[numpy.float32] = None,
            image: Image.Image = None,
            colour: Colour = None,
            deep: Dict[str, List[Dict[str, Optional[Point]]]] = None,
            file_or_text: Union[jid.Path, str] = None,
            give: str = "",
        ) -> Any:
            if give == "bytes":
                return bytes(range(256))
            if give == "image":
                return Image.new("RGB", (3, 2), "red")
            if give == "nested":
                return {"point": Point(1), "array": numpy.eye(2), "bytes": b"abc", "image": Image.new("L", (1, 1)),
                        "colour": Colour.RED, "number": numpy.float32(0.5)}
            if give == "array":
                return numpy.arange(3)
            if give == "copy":
                return image
            given = {k: v for k, v in locals().items() if k not in ("self", "give") and v is not None}
            return {name: [type(value).__name__, repr(value)] for name, value in given.items()}
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Guest:
    return Guest(tmp_path_factory.mktemp("records"), sys.executable, INFER)


@pytest.fixture(scope="module")
def server(package: Guest) -> Iterator[Server]:
    with package.serving() as running:
        running.until("ready")
        yield running


def png(colour: str = "blue") -> bytes:
    held = io.BytesIO()
    Image.new("RGB", (4, 4), colour).save(held, "PNG")
    return held.getvalue()


def npy(values: object) -> bytes:
    held = io.BytesIO()
    numpy.save(held, numpy.asarray(values))
    return held.getvalue()


def url(content: bytes) -> str:
    return "data:;base64," + base64.b64encode(content).decode()


@pytest.mark.parametrize(
    ("name", "given", "type_", "shown"),
    [
        ("point", {"x": 1}, "Point", "Point(x=1.0, y=2.0, tags=[])"),
        ("point", {"x": 1, "y": 3, "tags": ["a"]}, "Point", "Point(x=1.0, y=3.0, tags=['a'])"),
        ("named", {"name": "n", "at": {"x": 0}}, "dict", "{'name': 'n', 'at': Point(x=0.0, y=2.0, tags=[])}"),
        ("half", {}, "dict", "{}"),
        ("half", {"note": "x"}, "dict", "{'note': 'x'}"),
        ("points", [{"x": 1}], "list", "[Point(x=1.0, y=2.0, tags=[])]"),
        ("either", {"x": 1}, "Point", "Point(x=1.0, y=2.0, tags=[])"),
        ("either", "text", "str", "'text'"),
        ("either", [[1, 2], [3]], "list", "[[1, 2], [3]]"),
        ("data", url(b"\x00\xff"), "bytes", "b'\\x00\\xff'"),
        ("many", [url(b"a"), url(b"b")], "list", "[b'a', b'b']"),
        ("array", [[1, 2], [3, 4]], "ndarray", "array([[1, 2],\n       [3, 4]])"),
        ("array", url(npy([1.5])), "ndarray", "array([1.5])"),
        ("floats", [1, 2.5], "ndarray", "array([1. , 2.5], dtype=float32)"),
        ("colour", "blue", "Colour", "<Colour.BLUE: 'blue'>"),
        (
            "deep",
            {"a": [{"b": {"x": 1}, "c": None}]},
            "dict",
            "{'a': [{'b': Point(x=1.0, y=2.0, tags=[]), 'c': None}]}",
        ),
        ("file_or_text", "text", "str", "'text'"),
    ],
)
def test_what_fits_is_made(server: Server, name: str, given: Any, type_: str, shown: str) -> None:
    answer = server.infer(**{name: given})
    assert answer.status == 200, answer.text
    assert answer.json() == {name: [type_, shown]}


@pytest.mark.parametrize(
    ("name", "given", "pointers"),
    [
        ("point", {}, ["/point/x"]),
        ("point", {"x": "1", "z": 1}, ["/point/x", "/point/z"]),
        ("point", [1], ["/point"]),
        ("named", {"name": "n", "at": {"y": 1}}, ["/named/at/x"]),
        ("half", {"other": 1}, ["/half/other"]),
        ("points", [{"x": 1}, {"x": None}], ["/points/1/x"]),
        ("data", "no url", ["/data"]),
        ("array", [[1, 2], [3]], ["/array"]),
        ("array", ["a"], ["/array"]),
        ("array", url(b"no array"), ["/array"]),
        ("image", url(b"no image"), ["/image"]),
        ("colour", "green", ["/colour"]),
    ],
)
def test_what_does_not_fit_is_refused_by_name(server: Server, name: str, given: Any, pointers: list[str]) -> None:
    answer = server.infer(**{name: given})
    assert (answer.status, answer.json()["code"]) == (422, "INPUT_INVALID")
    assert [error["pointer"] for error in answer.json()["errors"]] == pointers


def test_a_pickled_array_is_not_opened(server: Server) -> None:
    held = io.BytesIO()
    numpy.save(held, numpy.asarray([{"a": 1}], dtype=object), allow_pickle=True)
    assert server.infer(array=url(held.getvalue())).status == 422


def test_files_in_a_form(server: Server, package: Guest) -> None:
    answer = server.multipart(
        ("data", Upload("a", b"xyz")), ("image", Upload("a.png", png())), ("array", Upload("a.npy", npy([1, 2])))
    )
    assert answer.json()["data"] == ["bytes", "b'xyz'"]
    assert answer.json()["image"][0] == "PngImageFile"
    assert answer.json()["array"] == ["ndarray", "array([1, 2])"]
    assert server.form(("point", '{"x": 1}')).json()["point"][0] == "Point"
    assert package.clears_up([])


def test_bytes_go_out_as_bytes(server: Server, package: Guest) -> None:
    answer = server.infer(give="bytes")
    assert (answer.type, answer.body) == ("application/octet-stream", bytes(range(256)))
    assert package.clears_up([])


def test_an_image_goes_out_as_an_image(server: Server, package: Guest) -> None:
    answer = server.infer(give="image")
    assert answer.type == "image/png"
    assert Image.open(io.BytesIO(answer.body)).getpixel((0, 0)) == (255, 0, 0)
    copied = server.infer(give="copy", image=url(png()))
    assert Image.open(io.BytesIO(copied.body)).size == (4, 4)
    assert package.clears_up([])


def test_inside_of_json(server: Server, package: Guest) -> None:
    told = server.infer(give="nested").json()
    assert told["point"] == {"x": 1, "y": 2.0, "tags": []}
    assert told["array"] == [[1.0, 0.0], [0.0, 1.0]]
    assert told["bytes"] == "data:application/octet-stream;base64,YWJj"
    assert told["image"].startswith("data:image/png;base64,")
    assert (told["colour"], told["number"]) == ("red", 0.5)
    assert server.infer(give="array").json() == [0, 1, 2]
    assert package.clears_up([])


def test_the_schema_says_it_all(server: Server) -> None:
    known = server.get("/openapi.json").json()["components"]["schemas"]["Input"]["properties"]
    point = {
        "type": "object",
        "properties": {
            "x": {"type": "number"},
            "y": {"type": "number"},
            "tags": {"type": "array", "items": {"type": "string"}},
        },
        "required": ["x"],
        "additionalProperties": False,
    }
    assert known["point"]["anyOf"] == [point, {"type": "null"}]
    assert known["image"]["anyOf"][0] == {"type": "string", "format": "uri", "contentMediaType": "image/*"}
    assert known["colour"]["anyOf"][0] == {"enum": ["red", "blue"]}


def test_nothing_is_imported_for_models_that_need_nothing(guest: Make) -> None:
    infer = """
        import sys
        class Model:
            def run(self): return sorted({"numpy", "PIL", "asyncio", "ctypes", "dataclasses"} & set(sys.modules))
    """
    assert guest(infer).test().report["Examples"][0]["Output"] == []


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        (
            "@dataclass\nclass T:\n  a: complex\nclass Model:\n  def run(self,\n    t: T): pass",
            "infer.py:8: t: T.a: complex",
        ),
        ("@dataclass\nclass T:\n  a: List['T']\nclass Model:\n  def run(self, t: T): pass", "in itself"),
        ("@dataclass\nclass T:\n  a: 'Gone'\nclass Model:\n  def run(self, t: T): pass", "Gone"),
        ("class Model:\n  def run_batch(self, inputs): pass", "List[T] with T a dataclass or a TypedDict"),
        ("class Model:\n  def run_batch(self, a: list, b: list): pass", "takes one argument"),
    ],
)
def test_what_cannot_be_described_names_the_place(guest: Make, lines: str, says: str) -> None:
    tested = guest("from dataclasses import dataclass\nfrom typing import List\n" + lines).test()
    assert tested.report["Error"]["Code"] == "SIGNATURE_UNSUPPORTED"
    assert "infer.py:" in tested.report["Error"]["Detail"]
    assert says in tested.report["Error"]["Detail"]
