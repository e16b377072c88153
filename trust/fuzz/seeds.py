"""Cases to begin with: the corpora of the tests, as far as they are small."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from tests.corpus import cases

_ROOT = Path(__file__).resolve().parents[2]
_SMALL = 4096
_HEAD = b'Content-Disposition: form-data; name="file"; filename="m.zip"\r\n'


def zips() -> Iterator[bytes]:
    """But for those that take long to make."""
    for case in cases():
        if not case.name.startswith(("bomb", "honest: 60 MB", "zip64: 70,000", "zip64: 65,535", "name: 65535")):
            data = case.data
            if len(data) <= _SMALL:
                yield data


def configs() -> Iterator[bytes]:
    for path in sorted((_ROOT / "examples").glob("*/jid.yaml")):
        yield path.read_bytes()
    yield (
        b"name: a/b\nmodel: infer.py:Model\nenvironment:\n  python_version: '3.12'\n  cuda: 12.8\n  cudnn: 9\n"
        b"  python_requirements: requirements.txt\n  python_packages: [torch==2.7.0, 'pillow==11.0.0']\n"
        b"  system_packages: [ffmpeg]\n  architectures: [cpu, gpu]\n"
        b"examples:\n  - input: {text: hello, n: [1, 2.5, null]}\n    output: |\n      hello\n  - error: x\n"
    )
    yield b"a: &a [*a]\nb: !!int 3\n<<: *a\n---\nc: 2021-99-99\n"


def requirements() -> Iterator[bytes]:
    yield b"six==1.16.0  # comment\nnumpy >= 1.2, < 3 ; python_version < '3.12'\ntorch[a,b]==2.7.0 \\\n  --hash=sha256:"
    yield b"-i https://example.com/simple\n--extra-index-url=https://example.com/\nx @ https://example.com/x.whl\n"
    yield b"-r other.txt\n-e .\n./a.whl\nfile:///etc/passwd\n${HOME}\n--trusted-host x\ngit+https://example.com/x@y\n"


def forms() -> Iterator[bytes]:
    """The Content-Type, a line feed, the body."""
    kind = b"multipart/form-data; boundary=b\n"
    yield kind + b"--b\r\n" + _HEAD + b"Content-Type: application/zip\r\n\r\nPK\r\n--b--\r\n"
    yield (
        kind
        + b"preamble\r\n--b\r\nContent-Disposition: form-data; name=x\r\n\r\ny\r\n--b\r\n"
        + _HEAD
        + b"\r\nPK\r\n--b--"
    )
    yield kind + b"--b\r\n" + _HEAD + b"\r\n\r\n--b\r\n" + _HEAD + b"\r\nPK\r\n--b--\r\nepilogue"
    yield b'multipart/form-data; boundary="a b"\n--a b\r\n' + _HEAD + b"\r\nPK\r\n--a b--\r\n"
    yield b"multipart/form-data; boundary*=UTF-8''b; charset=x\n--b\n" + _HEAD + b"\n\nPK\n--b--\n"
