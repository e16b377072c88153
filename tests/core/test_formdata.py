"""The one file of a form, however its body is cut up, and what is wrong with bodies that are not such a form."""

from __future__ import annotations

import os
import tracemalloc
from collections.abc import Iterator
from itertools import pairwise

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from modelserver.errors import BadRequest, NoFile, Problem
from modelserver.http.formdata import file_part

BOUNDARY = "------------------------d74496d66958873e"
TYPE = f"multipart/form-data; boundary={BOUNDARY}"
ZIP = b"PK\3\4 a zip\r\n--" + bytes(range(256)) + b"\r\n--" + BOUNDARY[:-1].encode() + b"\r\n"


class Pieces:
    """A body that arrives piece by piece, whatever is asked for."""

    def __init__(self, *pieces: bytes) -> None:
        self._rest = [piece for piece in pieces if piece]
        self.given = 0

    def read(self, size: int, /) -> bytes:
        if not self._rest:
            return b""
        piece = self._rest.pop(0)
        if piece[size:]:
            self._rest.insert(0, piece[size:])
        self.given += len(piece[:size])
        return piece[:size]


def part(data: bytes, name: str = 'name="file"; filename="model.zip"', more: str = "") -> bytes:
    """A part with this disposition; more: further header lines, each with its line end."""
    return f"--{BOUNDARY}\r\nContent-Disposition: form-data; {name}\r\n{more}\r\n".encode() + data + b"\r\n"


def body(*parts: bytes) -> bytes:
    return b"".join(parts) + f"--{BOUNDARY}--\r\n".encode()


def file(*pieces: bytes, content_type: str = TYPE, field: str = "file") -> bytes:
    return b"".join(file_part(Pieces(*pieces), content_type, field))


def test_the_file_as_curl_sends_it() -> None:
    assert file(body(part(ZIP, more="Content-Type: application/octet-stream\r\n"))) == ZIP


@pytest.mark.parametrize(
    "name",
    [
        'name="file"; filename="model.zip"',
        "name=file; filename=model.zip",
        'name="file"; filename="a \\"b\\"; c.zip"',
        'filename="name=\\"x\\".zip"; name="file"',
        'name="file"; filename="m.zip"; filename*=UTF-8\'\'m%20.zip',
        'name="file"; filename="模型.zip"',
        'name="file"; filename=""',
    ],
)
def test_names_are_read_as_clients_write_them(name: str) -> None:
    assert file(body(part(ZIP, name))) == ZIP


def test_a_zip_needs_no_file_name_if_its_type_says_that_it_is_no_text() -> None:
    assert file(body(part(ZIP, 'name="file"', "Content-Type: application/zip\r\n"))) == ZIP


def test_other_fields_and_files_beside_it_are_left_alone() -> None:
    before, after = part(b"hello", 'name="note"'), part(b"x" * 999, 'name="readme"; filename="file"')
    assert file(body(before, part(ZIP), after)) == ZIP


def test_a_preamble_and_an_epilogue_are_left_alone() -> None:
    assert file(b"This is a multipart message.\r\n" + body(part(ZIP)) + b"That was it.") == ZIP


def test_another_field_may_be_asked_for() -> None:
    assert file(body(part(b"no"), part(ZIP, 'name="zip"; filename="z"')), field="zip") == ZIP


@given(data=st.data(), content=st.binary(max_size=300))
def test_it_does_not_matter_how_the_body_is_cut_up(data: st.DataObject, content: bytes) -> None:
    assume(BOUNDARY.encode() not in content)
    content = content or b"\r\n"
    whole = b"preamble\r\n" + body(part(b"v", 'name="n"'), part(content), part(b"w", 'name="m"')) + b"epilogue"
    cuts = sorted(data.draw(st.sets(st.integers(0, len(whole)), max_size=20)) | {0, len(whole)})
    assert file(*(whole[a:b] for a, b in pairwise(cuts))) == content


def test_one_byte_at_a_time() -> None:
    whole = body(part(ZIP))
    assert file(*(whole[at : at + 1] for at in range(len(whole)))) == ZIP


def test_a_body_that_ends_early_is_refused_wherever_it_ends() -> None:
    whole = body(part(b"v", 'name="n"'), part(ZIP))
    for length in range(len(whole) - len("--\r\n")):
        with pytest.raises(Problem) as refused:
            file(whole[:length])
        assert refused.value.status == 400


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "multipart/form-data",
        "multipart/form-data; boundary=",
        'multipart/form-data; boundary=""',
        'multipart/form-data; boundary="a\nb"',
        "multipart/form-data; boundary=" + "b" * 201,
        "multipart/form-data; boundary=" + "b" * 100_000,
        "multipart/form-data; boundary=ü",
        'multipart/form-data; boundary="ends with a space "',
        "multipart/mixed; boundary=b",
        "application/zip",
        ";;;===",
    ],
)
def test_a_content_type_without_a_usable_boundary_is_refused_at_once(content_type: str) -> None:
    stream = Pieces(body(part(ZIP)))
    with pytest.raises(BadRequest, match="curl"):
        file_part(stream, content_type, "file")
    assert stream.given == 0


@pytest.mark.parametrize("boundary", ["b", "'()+_,-./:=?", "a b", "-" * 70, "-" * 71])
def test_every_boundary_of_the_standard_is_taken_and_longer_ones(boundary: str) -> None:
    sent = body(part(b"a zip")).replace(BOUNDARY.encode(), boundary.encode())
    assert file(sent, content_type=f'multipart/form-data; boundary="{boundary}"') == b"a zip"


HOSTILE = {
    "no multipart at all": b"PK\3\4 the zip itself",
    "another boundary": body(part(ZIP)).replace(BOUNDARY.encode(), b"other"),
    "no disposition": f"--{BOUNDARY}\r\nContent-Type: text/plain\r\n\r\nx\r\n--{BOUNDARY}--\r\n".encode(),
    "another disposition": body(part(ZIP).replace(b"form-data", b"attachment")),
    "no colon": body(part(ZIP, more="nonsense\r\n")),
    "bare line feeds": body(part(ZIP)).replace(b"\r\n", b"\n"),
    "a header that is no UTF-8": body(part(ZIP).replace(b"model.zip", b"\xff\xfe")),
    "many headers": body(part(ZIP, more="X-A: b\r\n" * 50)),
    "a long header": body(part(ZIP, more="X-A: " + "b" * 10_000 + "\r\n")),
    "an endless header": part(ZIP, more="X-A: " + "b" * 3_000_000),
    "thousands of parts": body(*[part(b"", 'name="a"')] * 5000, part(ZIP)),
    "thousands of files": body(*[part(ZIP)] * 5000),
    "two files": body(part(ZIP), part(ZIP)),
    "a long preamble": b"x" * 2_000_000 + b"\r\n" + body(part(ZIP)),
    "a long epilogue": body(part(ZIP)) + b"x" * 2_000_000,
    "a large field behind": body(part(ZIP), part(b"x" * 2_000_000, 'name="a"')),
    "a false length": body(part(ZIP, more="Content-Length: 5\r\n")),
    "junk behind the boundary": body(part(ZIP)).replace(BOUNDARY.encode() + b"\r\n", BOUNDARY.encode() + b"xx"),
}


@pytest.mark.parametrize("title", HOSTILE)
def test_a_body_that_is_no_sound_form_is_a_bad_request(title: str) -> None:
    with pytest.raises(BadRequest) as refused:
        file(HOSTILE[title])
    assert 10 < len(refused.value.detail) < 1000


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        (body(), "the form is empty"),
        (body(part(ZIP, 'name="zip"; filename="z"')), "`zip`"),
        (body(part(b"x" * 2_000_000, 'name="model"; filename="z"')), "`model`"),
        (body(part(b"a", 'name="a"'), part(b"b", 'name="b"')), "`a`, `b`"),
        (body(part(b"model.zip", 'name="file"')), "@ missing"),
        (body(part(b"model.zip", 'name="file"', "Content-Type: text/plain\r\n")), "@ missing"),
        (body(part(b"")), "empty"),
        (body(part(ZIP, f'name="{"n" * 5000}"; filename="z"')), "nnn"),
        (body(part(ZIP, 'filename="z"')), "``"),
    ],
)
def test_where_no_file_came_the_answer_says_what_did_and_how_to_send_it(sent: bytes, told: str) -> None:
    with pytest.raises(NoFile) as refused:
        file(sent)
    assert told in refused.value.detail
    assert '-F "file=@' in refused.value.detail
    assert len(refused.value.detail) < 1000


@given(junk=st.binary(max_size=400), start=st.booleans())
def test_any_bytes_end_in_a_problem_or_a_file(junk: bytes, start: bool) -> None:
    sent = (part(ZIP)[:80] + junk) if start else junk
    with pytest.raises((BadRequest, NoFile)):
        file(sent)


def test_a_large_file_streams_in_bounded_memory() -> None:
    block = os.urandom(2**20)

    class Large:
        """The parts of a body with a file of 64 MiB."""

        def __init__(self) -> None:
            head, _, tail = body(part(b"|")).partition(b"|")
            self._pieces: Iterator[bytes] = iter([head, *[block] * 64, tail])

        def read(self, size: int, /) -> bytes:
            return next(self._pieces, b"")

    tracemalloc.start()
    try:
        assert sum(map(len, file_part(Large(), TYPE, "file"))) == 64 * 2**20
        assert tracemalloc.get_traced_memory()[1] < 8 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "whole",
    [
        pytest.param(b"x--" + BOUNDARY.encode() + b"--\r\n" + body(part(ZIP)), id="a boundary within the preamble"),
        pytest.param(
            b"--" + BOUNDARY.encode()[:-1] + b"\r\n" + body(part(ZIP)), id="nearly a boundary in the preamble"
        ),
        pytest.param(body(part(ZIP, more="A: b\nc\r\n")), id="a line break in a header"),
        pytest.param(body(part(ZIP, more="\nA: b\r\n")), id="a line break before a header"),
        pytest.param(body(part(ZIP, more="A: b\n\r\n")), id="a line break behind a header"),
        pytest.param(body(part(ZIP, 'name="file"; filename="a\nb"')), id="a line break in a name"),
    ],
)
def test_what_the_fuzzer_found_is_read_alike_however_it_is_cut_up(whole: bytes) -> None:
    """The parser took some of these whole and refused them in pieces, or the other way round."""
    answers = set()
    for length in (1, 2, 7, 50, len(whole)):
        try:
            answers.add(file(*(whole[at : at + length] for at in range(0, len(whole), length))))
        except BadRequest:
            answers.add(b"refused")
    assert len(answers) == 1, answers
